using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Events;
using Holdfast.TestViews.Components;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using ErrorEventArgs = Microsoft.AspNetCore.Components.Web.ErrorEventArgs;

namespace Holdfast.Tests.Components;

public class EventArgumentsTests
{
    public static TheoryData<string, Type> KnownEvents => new(typeof(Microsoft.AspNetCore.Components.Web.EventHandlers)
        .GetCustomAttributes<EventHandlerAttribute>()
        .Where(handler => handler.EventArgsType != typeof(ChangeEventArgs))
        .Select(handler => (handler.AttributeName, handler.EventArgsType)));

    [Theory]
    [MemberData(nameof(KnownEvents))]
    public void Every_event_that_blazor_knows_has_its_arguments_with_all_their_properties(string attribute, Type type)
    {
        var sent = Filled(type);
        EventArguments.TryCreate(attribute, JsonSerializer.SerializeToElement(sent, type, JsonSerializerOptions.Web), type, out var arguments).ShouldBeTrue();
        arguments.GetType().ShouldBe(type);
        type.GetProperty("Type")?.SetValue(sent, attribute[2..]);
        JsonSerializer.Serialize(arguments, type).ShouldBe(JsonSerializer.Serialize(sent, type));
    }

    [Theory]
    [MemberData(nameof(KnownEvents))]
    public void A_handler_that_declares_less_gets_the_same(string attribute, Type type)
    {
        EventArguments.TryCreate(attribute, null, typeof(EventArgs), out var arguments).ShouldBeTrue();
        arguments.GetType().ShouldBe(type);
        foreach (var property in type.GetProperties().Where(property => property.PropertyType == typeof(string) && property.DeclaringType != typeof(ErrorEventArgs)))
        {
            property.GetValue(arguments).ShouldNotBeNull(property.Name);
        }
    }

    [Fact]
    public void Known_events_are_all_of_them() => KnownEvents.Count.ShouldBeGreaterThan(80);

    [Theory]
    [InlineData("onclick", """{"clientX":"far"}""")]
    [InlineData("onclick", """{"button":0.5}""")]
    [InlineData("onkeydown", """{"key":1}""")]
    [InlineData("ontouchstart", """{"touches":{"length":1}}""")]
    [InlineData("ondrop", """{"dataTransfer":[]}""")]
    [InlineData("oncustompaste", """{"times":"often"}""")]
    public void What_does_not_fit_is_refused(string attribute, string payload)
    {
        var declared = attribute == "oncustompaste" ? typeof(CustomPasteEventArgs) : typeof(EventArgs);
        EventArguments.TryCreate(attribute, JsonElement.Parse(payload), declared, out _).ShouldBeFalse();
    }

    [Fact]
    public async Task An_event_of_the_app_has_the_arguments_that_its_handler_declares()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/events");
        await client.FireAsync("#area", "custompaste", new JsonObject
        {
            ["type"] = "custompaste", ["pastedData"] = "words", ["times"] = 2, ["at"] = "2026-02-03T04:05:06Z", ["parts"] = new JsonArray("a", "b"), ["$type"] = "System.String", ["unknown"] = 1,
        });
        await client.UntilTextAsync("#log", "custompaste words 2 2026 a+b");
    }

    [Fact]
    public async Task Arguments_of_an_app_that_do_not_fit_are_refused_and_the_page_lives()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/events");
        await client.FireAsync("#area", "custompaste", new JsonObject { ["times"] = "often" });
        await client.AckedAsync();
        client.Errors.ShouldHaveSingleItem().Code.ShouldBe("stale");
        await client.ClickAsync("#wide");
        await client.UntilTextAsync("#log", "MouseEventArgs");
    }

    private static object Filled(Type type)
    {
        var value = Activator.CreateInstance(type)!;
        foreach (var property in type.GetProperties().Where(property => property.SetMethod is not null))
        {
            property.SetValue(value, Sample(property.PropertyType, property.Name));
        }

        return value;
    }

    private static object Sample(Type type, string name) => type switch
    {
        _ when type == typeof(string) => name + "!",
        _ when type == typeof(bool) => true,
        _ when type == typeof(double) => -1.5,
        _ when type == typeof(float) => 2.5f,
        _ when type == typeof(long) => 1L << 40,
        _ when type == typeof(int) => 7,
        _ when type.IsArray => FilledArray(type.GetElementType()!, name),
        _ => Filled(type),
    };

    private static Array FilledArray(Type element, string name)
    {
        var array = Array.CreateInstance(element, 2);
        array.SetValue(Sample(element, name), 0);
        array.SetValue(Sample(element, name), 1);
        return array;
    }
}
