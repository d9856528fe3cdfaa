using System.ComponentModel.DataAnnotations;

namespace Demo.Signup;

/// <summary>The second step: where the post goes.</summary>
public sealed class Address
{
    public static readonly string[] Countries = ["Denmark", "Estonia", "Ireland", "Netherlands", "Norway", "Portugal"];

    [Required(ErrorMessage = "Enter street and number.")]
    [StringLength(80, ErrorMessage = "Use at most 80 characters.")]
    public string Street { get; set; } = "";

    [Required(ErrorMessage = "Enter a postcode.")]
    [RegularExpression("[A-Za-z0-9][A-Za-z0-9 -]{2,9}", ErrorMessage = "Use 3 to 10 letters and digits.")]
    public string Postcode { get; set; } = "";

    [Required(ErrorMessage = "Enter a town.")]
    [StringLength(60, ErrorMessage = "Use at most 60 characters.")]
    public string Town { get; set; } = "";

    [Required(ErrorMessage = "Choose a country.")]
    public string Country { get; set; } = "";
}
