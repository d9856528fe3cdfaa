namespace Demo.Arrivals;

/// <summary>A made-up month of a made-up harbour: the same 200 arrivals in every process.</summary>
public static class Harbour
{
    private static readonly string[] Adjectives =
        ["Amber", "Brave", "Distant", "Early", "Faithful", "Gentle", "Golden", "Grey", "Northern", "Patient", "Quiet", "Restless", "Silver", "Southern", "Steady", "Wandering"];

    private static readonly string[] Nouns =
        ["Albatross", "Beacon", "Cormorant", "Dolphin", "Gannet", "Heron", "Kittiwake", "Lantern", "Marlin", "Osprey", "Petrel", "Puffin", "Selkie", "Star", "Tern", "Wave"];

    private static readonly string[] Cargoes =
        ["Bricks", "Cars", "Cement", "Cocoa", "Coffee", "Fertiliser", "Fruit", "Grain", "Machinery", "Paper", "Salt", "Steel", "Tea", "Timber", "Wind turbines", "Wine"];

    private static readonly string[] Ports =
        ["Aarhus", "Antwerp", "Bergen", "Bilbao", "Gdańsk", "Halifax", "Le Havre", "Porto", "Riga", "Santos", "Tallinn", "Valparaíso"];

    /// <summary>By id, from 1.</summary>
    public static IReadOnlyList<Arrival> Arrivals { get; } = Make(200);

    private static Arrival[] Make(int count)
    {
        var random = new Random(1838); // The generator of a seed is the same in every version of .NET.
        var vessels = Adjectives.SelectMany(adjective => Nouns.Select(noun => $"{adjective} {noun}")).ToArray();
        random.Shuffle(vessels);
        return [.. vessels.Take(count).Select((vessel, index) => new Arrival(
            index + 1, vessel, OneOf(Cargoes), OneOf(Ports), random.Next(8, 640) * 25, new DateOnly(2027, 5, 1).AddDays(random.Next(31))))];

        string OneOf(string[] names) => names[random.Next(names.Length)];
    }
}
