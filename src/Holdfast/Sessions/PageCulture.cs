using System.Globalization;

namespace Holdfast.Sessions;

/// <summary>The cultures that a page runs under: those of the request that it came with. Immutable.</summary>
internal sealed class PageCulture
{
    private readonly CultureInfo _culture;
    private readonly CultureInfo _uiCulture;

    private PageCulture(CultureInfo culture, CultureInfo uiCulture) => (_culture, _uiCulture) = (culture, uiCulture);

    /// <summary>Those of the caller.</summary>
    public static PageCulture Current => new(CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture);

    /// <summary>What a ticket holds: the culture's name, and after a space that of the texts where it is another.</summary>
    public string Name => _culture.Name == _uiCulture.Name ? _culture.Name : $"{_culture.Name} {_uiCulture.Name}";

    /// <summary>Reads what <see cref="Name"/> wrote. A culture that this machine does not know is the invariant one.</summary>
    public static PageCulture Parse(string name)
    {
        var (culture, uiCulture) = name.Split(' ') is [var first, var second] ? (first, second) : (name, name);
        return new PageCulture(Find(culture), Find(uiCulture));
    }

    /// <summary>Makes them those of the caller, and of what it awaits.</summary>
    public void Use()
    {
        if (CultureInfo.CurrentCulture.Name != _culture.Name)
        {
            CultureInfo.CurrentCulture = _culture;
        }

        if (CultureInfo.CurrentUICulture.Name != _uiCulture.Name)
        {
            CultureInfo.CurrentUICulture = _uiCulture;
        }
    }

    private static CultureInfo Find(string name)
    {
        try
        {
            return CultureInfo.GetCultureInfo(name);
        }
        catch (CultureNotFoundException)
        {
            return CultureInfo.InvariantCulture;
        }
    }
}
