using System.Globalization;
using System.Text;

namespace Holdfast.Benchmarks.Load;

/// <summary>A report as Markdown; numbers are written alike on every machine.</summary>
internal sealed class ReportText
{
    private readonly StringBuilder _text = new();

    public void Line() => _text.AppendLine();

    public void Line(FormattableString line) => _text.AppendLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>One row of a table.</summary>
    public void Row(params string[] cells) => _text.AppendLine($"| {string.Join(" | ", cells)} |");

    public override string ToString() => _text.ToString();

    public static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>The median, and between brackets the lowest and the highest.</summary>
    public static string Spread<T>(List<T> samples, Func<T, double> value, string format) => Spread(samples.ConvertAll(sample => value(sample)), format);

    /// <inheritdoc cref="Spread{T}"/>
    public static string Spread(List<double> values, string format) =>
        $"{Number(Median(values), format)} [{Number(values[0], format)}–{Number(values[^1], format)}]";

    public static double Median<T>(List<T> samples, Func<T, double> value) => Median(samples.ConvertAll(sample => value(sample)));

    /// <summary>Leaves the values sorted.</summary>
    private static double Median(List<double> values)
    {
        values.Sort();
        return (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }
}
