namespace Holdfast.Nodes.Tests.Histories;

/// <summary>Wrong histories, each of which the checker must see, and right ones that it must let pass.</summary>
public sealed class HistoryCheckerTests
{
    private readonly TabHistory _history = new("tab");

    [Fact]
    public void What_was_acked_and_is_there_once_in_order_is_right()
    {
        Load(1, 2, 3);
        Ack(1, 2, 3);
        _history.Joined([1, 2, 3]);
        _history.Stored([1, 2, 3]);
        Violations().ShouldBeEmpty();
    }

    [Fact]
    public void What_was_not_acked_may_be_there_or_not()
    {
        Load(1, 2, 3);
        Ack(1);
        _history.Joined([1, 2, 3]);
        _history.Joined([1, 2]);
        _history.Stored([1]);
        Violations().ShouldBeEmpty();
    }

    [Fact]
    public void What_was_given_up_by_a_reload_may_be_there_or_not_and_what_comes_after_it_counts()
    {
        Load(1, 2);
        Load(3);
        Ack(3);
        _history.Joined([1, 3]);
        _history.Stored([1, 3]);
        Violations().ShouldBeEmpty();
    }

    [Fact]
    public void What_failed_may_be_there_or_not()
    {
        Load(1, 2, 3);
        _history.Failed(1);
        _history.Failed(2);
        Ack(3);
        _history.Stored([2, 3]);
        Violations().ShouldBeEmpty();
    }

    [Fact]
    public void An_acked_event_that_the_store_has_not_is_lost()
    {
        Load(1, 2);
        Ack(1, 2);
        _history.Stored([1]);
        Violations().ShouldBe(["tab: Stored after 2: 2 was acked and is lost"]);
    }

    [Fact]
    public void An_acked_event_in_the_middle_that_the_store_has_not_is_lost()
    {
        Load(1, 2, 3);
        Ack(1, 2, 3);
        _history.Stored([1, 3]);
        Violations().ShouldBe(["tab: Stored after 3: 2 was acked and is lost"]);
    }

    [Fact]
    public void An_acked_event_that_a_join_does_not_show_is_lost_even_if_it_is_there_at_the_end()
    {
        Load(1, 2);
        Ack(1, 2);
        _history.Joined([1]);
        _history.Stored([1, 2]);
        Violations().ShouldBe(["tab: Joined after 2: 2 was acked and is lost"]);
    }

    [Fact]
    public void What_an_ack_before_a_reload_promised_is_not_given_up_by_it()
    {
        Load(1);
        Ack(1);
        Load(2);
        Ack(2);
        _history.Stored([2]);
        Violations().ShouldBe(["tab: Stored after 2: 1 was acked and is lost"]);
    }

    [Fact]
    public void An_event_that_is_there_twice_is_doubled()
    {
        Load(1, 2);
        Ack(1, 2);
        _history.Stored([1, 2, 2]);
        Violations().ShouldBe(["tab: Stored after 2: 2 is doubled"]);
    }

    [Fact]
    public void A_failed_event_that_is_there_twice_is_doubled()
    {
        Load(1);
        _history.Failed(1);
        _history.Stored([1, 1]);
        Violations().ShouldBe(["tab: Stored after 1: 1 is doubled"]);
    }

    [Fact]
    public void An_event_that_is_there_twice_with_others_between_is_doubled()
    {
        Load(1, 2);
        Ack(1, 2);
        _history.Stored([1, 2, 1]);
        Violations().ShouldBe(["tab: Stored after 2: 1 is doubled"]);
    }

    [Fact]
    public void Events_in_another_order_are_wrong()
    {
        Load(1, 2);
        Ack(1, 2);
        _history.Stored([2, 1]);
        Violations().ShouldBe(["tab: Stored after 2: 1 comes after 2"]);
    }

    [Fact]
    public void An_event_of_an_earlier_document_after_one_of_a_later_is_wrong()
    {
        Load(1);
        Load(2);
        Ack(2);
        _history.Stored([2, 1]);
        Violations().ShouldBe(["tab: Stored after 2: 1 comes after 2"]);
    }

    [Fact]
    public void An_unacked_event_that_is_skipped_while_a_later_one_is_there_is_wrong()
    {
        Load(1, 2, 3);
        Ack(1);
        _history.Stored([1, 3]);
        Violations().ShouldBe(["tab: Stored after 3: 2 is skipped, and 3 of the same document is there"]);
    }

    [Fact]
    public void What_nobody_made_is_wrong()
    {
        Load(1);
        Ack(1);
        _history.Stored([1, 7]);
        Violations().ShouldBe(["tab: Stored after 1: 7 is there and was never made"]);
    }

    [Fact]
    public void An_ack_for_what_nobody_made_is_wrong()
    {
        Load(1);
        Ack(1, 2);
        _history.Stored([1]);
        Violations().ShouldBe(["tab: 2 was acked and never made"]);
    }

    [Fact]
    public void A_history_whose_numbers_do_not_rise_is_not_trusted()
    {
        Load(2, 1);
        _history.Stored([]);
        Violations().ShouldBe(["tab: 1 was made after 2, so that the history itself cannot be trusted"]);
    }

    [Fact]
    public void A_history_without_an_end_is_wrong()
    {
        Load(1);
        Ack(1);
        _history.Joined([1]);
        Violations().ShouldBe(["tab: nobody looked at what the store held at the end"]);
    }

    private void Load(params long[] sent)
    {
        _history.Loaded();
        foreach (var number in sent)
        {
            _history.Sent(number);
        }
    }

    private void Ack(params long[] numbers)
    {
        foreach (var number in numbers)
        {
            _history.Acked(number);
        }
    }

    private IReadOnlyList<string> Violations() => HistoryChecker.Check(_history);
}
