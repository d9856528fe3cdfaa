using System.Reflection;
using System.Runtime.CompilerServices;
using Holdfast.Postgres;
using Holdfast.Redis;
using Holdfast.S3;
using Holdfast.Sqlite;

namespace Holdfast.Tests;

/// <summary>The public surface is a text file, so that a change of it is seen in review.</summary>
public sealed class PublicApiTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
    private static readonly NullabilityInfoContext Nullability = new();

    [Theory]
    [InlineData(typeof(LiveView), "Holdfast")]
    [InlineData(typeof(PostgresSessionStore), "Holdfast.Postgres")]
    [InlineData(typeof(RedisSessionStore), "Holdfast.Redis")]
    [InlineData(typeof(S3SessionStore), "Holdfast.S3")]
    [InlineData(typeof(SqliteSessionStore), "Holdfast.Sqlite")]
    public void The_public_surface_is_the_one_that_was_reviewed(Type anyType, string name)
    {
        var actual = string.Join('\n', anyType.Assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal).SelectMany(Describe)) + "\n";
        var path = Path.Combine(Root(), "tests", "Holdfast.Tests", $"PublicApi.{name}.txt");
        if (Environment.GetEnvironmentVariable("HOLDFAST_ACCEPT") == "1")
        {
            File.WriteAllText(path, actual);
        }

        File.ReadAllText(path).ShouldBe(actual, $"The public surface of {name} changed. If that is meant, run this test with HOLDFAST_ACCEPT=1 and commit the file.");
    }

    private static IEnumerable<string> Describe(Type type)
    {
        var kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct" : "class";
        var modifiers = type is { IsAbstract: true, IsSealed: true } ? "static " : type is { IsAbstract: true, IsInterface: false } ? "abstract " : type is { IsSealed: true, IsValueType: false } ? "sealed " : "";
        var bases = new[] { type.BaseType }.Where(other => other is not null && other != typeof(object) && other != typeof(ValueType) && other != typeof(Enum))
            .Concat(type.GetInterfaces().Where(other => other.IsPublic)).Select(other => Name(other!)).Order(StringComparer.Ordinal).ToList();
        yield return $"{modifiers}{kind} {type.Namespace}.{Name(type)}{(bases.Count > 0 && !type.IsEnum ? " : " + string.Join(", ", bases) : "")}";
        foreach (var line in type.GetMembers(Declared).Where(IsVisible).Select(Describe).Where(line => line is not null).Order(StringComparer.Ordinal))
        {
            yield return "    " + line;
        }
    }

    private static bool IsVisible(MemberInfo member) => !member.IsDefined(typeof(CompilerGeneratedAttribute)) && member switch
    {
        MethodInfo method => !method.IsSpecialName && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly),
        ConstructorInfo constructor => constructor.IsPublic || constructor.IsFamily || constructor.IsFamilyOrAssembly,
        FieldInfo field => !field.IsSpecialName && (field.IsPublic || field.IsFamily),
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsVisibleAccessor),
        EventInfo => true,
        _ => false,
    };

    private static bool IsVisibleAccessor(MethodInfo accessor) => accessor.IsPublic || accessor.IsFamily || accessor.IsFamilyOrAssembly;

    private static string? Describe(MemberInfo member) => member switch
    {
        FieldInfo { IsLiteral: true } constant => $"const {constant.Name} = {constant.GetRawConstantValue()}",
        FieldInfo field => $"{Access(field.IsPublic)}{(field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}",
        PropertyInfo property => $"{Access(property.GetAccessors(true).Any(accessor => accessor.IsPublic))}{Name(property.PropertyType)}{Mark(Nullability.Create(property))} {property.Name} {{ {string.Join(' ', Accessors(property))} }}",
        MethodInfo method => $"{Access(method.IsPublic)}{(method.IsStatic ? "static " : method.IsAbstract && !method.DeclaringType!.IsInterface ? "abstract " : method.IsVirtual && !method.IsFinal && !method.DeclaringType!.IsInterface ? "virtual " : "")}{Name(method.ReturnType)} {method.Name}({Parameters(method)})",
        ConstructorInfo constructor => $"{Access(constructor.IsPublic)}.ctor({Parameters(constructor)})",
        _ => null,
    };

    private static string Access(bool isPublic) => isPublic ? "" : "protected ";

    private static IEnumerable<string> Accessors(PropertyInfo property)
    {
        if (property.GetMethod is { } get && IsVisibleAccessor(get))
        {
            yield return "get;";
        }

        if (property.SetMethod is { } set && IsVisibleAccessor(set))
        {
            yield return set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init;" : "set;";
        }
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{(parameter.IsOut ? "out " : "")}{Name(parameter.ParameterType)}{Mark(Nullability.Create(parameter))} {parameter.Name}{(parameter.HasDefaultValue ? " = " + (parameter.DefaultValue ?? "null") : "")}"));

    private static string Mark(NullabilityInfo info) => info.ReadState == NullabilityState.Nullable && !info.Type.IsValueType ? "?" : "";

    private static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!);
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Name(underlying) + "?";
        }

        return type.IsGenericType ? $"{type.Name[..type.Name.IndexOf('`')]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : type.Name;
    }

    private static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", ".."));
}
