namespace Holdfast.Browser.Tests;

/// <summary>What the browser has to do when a table of 200 rows with keys is sorted and filtered.</summary>
public sealed class TableTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    private static readonly int[] ById = [.. Enumerable.Range(0, 200)];
    private static readonly int[] ByName = [.. ById.OrderBy(id => id * 73 % 200)];

    [Fact]
    public async Task Sorting_moves_rows_and_writes_none()
    {
        await OpenAsync();

        await UseAsync("#by-name", "name False", ByName);
        (await SeenAsync()).ShouldBe(new Seen(Made: 0, Written: 0, Gone: 0));

        await UseAsync("#backwards", "backwards False", [.. ById.Reverse()]);
        (await SeenAsync()).ShouldBe(new Seen(0, 0, 0));

        await UseAsync("#by-id", "id False", ById);
        (await SeenAsync()).ShouldBe(new Seen(0, 0, 0));
        await Page.ClickAsync("[data-row='73'] button");
        await Page.ShowsAsync("#hit", "73");
    }

    [Fact]
    public async Task Filtering_takes_rows_out_and_puts_them_in_and_writes_none()
    {
        await OpenAsync();

        await UseAsync("#even", "id True", [.. ById.Where(id => id % 2 == 0)]);
        (await SeenAsync()).ShouldBe(new Seen(Made: 0, Written: 0, Gone: 100));

        await UseAsync("#by-name", "name True", [.. ByName.Where(id => id % 2 == 0)]);
        (await SeenAsync()).ShouldBe(new Seen(0, 0, 100));

        await UseAsync("#even", "name False", ByName);
        (await SeenAsync()).ShouldBe(new Seen(Made: 100, Written: 0, Gone: 100));
    }

    private async Task OpenAsync()
    {
        await Page.OpenAsync((await servers.TestAppAsync()).Address + "rows/sorted");
        await Page.EvaluateAsync(
            """
            () => {
                const table = document.querySelector('#rows');
                window.known = new Set(table.querySelectorAll('tr'));
                window.written = 0;
                new MutationObserver(records => window.written += records.filter(({ type, target }) => type !== 'childList' || target.closest?.('tr')).length)
                    .observe(table, { subtree: true, childList: true, attributes: true, characterData: true });
            }
            """);
    }

    private async Task UseAsync(string button, string order, int[] rows)
    {
        await Page.ClickAsync(button);
        await Page.ShowsAsync("#order", order);
        (await Page.EvaluateAsync<int[]>("() => [...document.querySelectorAll('[data-row]')].map(row => Number(row.dataset.row))")).ShouldBe(rows);
    }

    private Task<Seen> SeenAsync() => Page.EvaluateAsync<Seen>(
        """
        () => {
            const rows = [...document.querySelectorAll('#rows tr')];
            return { made: rows.filter(row => !known.has(row)).length, written: window.written, gone: [...known].filter(row => !row.isConnected).length };
        }
        """);

    /// <summary>Rows that are new nodes, changes within rows, and rows of the beginning that are gone.</summary>
    public sealed record Seen(int Made, int Written, int Gone)
    {
        public Seen()
            : this(0, 0, 0)
        {
        }
    }
}
