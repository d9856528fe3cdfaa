using Holdfast.Testing.Clients;

namespace Holdfast.Testing.Tests.Clients;

public sealed class PendingEventsTests
{
    private readonly PendingEvents _events = new();

    [Fact]
    public void An_ack_is_for_all_up_to_it()
    {
        Send(3);

        _events.Ack(2);

        _events.Refs.ShouldBe([3L]);
        _events.Acked.ShouldBe(2);
    }

    [Fact]
    public void After_a_death_the_first_unacked_event_goes_alone_and_the_others_when_it_is_settled()
    {
        Send(3);

        _events.Rejoined(next: 1, afterDeath: true);

        _events.From(1).Select(pending => pending.Ref).ShouldBe([1L]);
        _events.Ack(1);
        _events.TakeReleased().ShouldBe(2);
        _events.From(2).Select(pending => pending.Ref).ShouldBe([2L, 3L]);
    }

    [Fact]
    public void After_two_deaths_in_a_row_an_empty_event_takes_its_place()
    {
        Send(1);

        _events.Rejoined(1, afterDeath: true);
        _events.Rejoined(1, afterDeath: true);

        _events.From(1).Single().Frame.ShouldBe("""["event",1,0,"",null]""");
        _events.Ack(1);
        _events.Failed.ShouldBe([1L]);
    }

    [Fact]
    public void A_failed_event_is_never_resent_as_itself()
    {
        Send(2);
        _events.Fail(1);

        _events.Rejoined(1, afterDeath: false);

        _events.From(1).First().Frame.ShouldBe("""["event",1,0,"",null]""");
        _events.IsSettled(1).ShouldBeTrue();
        _events.IsSettled(2).ShouldBeFalse();
    }

    [Fact]
    public void No_more_than_a_hundred_wait()
    {
        Send(100);

        Should.Throw<InvalidOperationException>(() => Send(1)).Message.ShouldContain("100 events");
    }

    private void Send(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _events.Add("AbCdEf", null, sequence: 0).WasSent = true;
        }
    }
}
