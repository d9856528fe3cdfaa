using System.ComponentModel.DataAnnotations;

namespace Demo.Signup;

/// <summary>The last step. It is no part of the draft: none of it is ever stored.</summary>
public sealed class Confirmation
{
    [Required(ErrorMessage = "Choose a password.")]
    [MinLength(10, ErrorMessage = "Use at least 10 characters.")]
    public string Password { get; set; } = "";

    [Range(typeof(bool), "true", "true", ErrorMessage = "Agree to the rules, or stay ashore.")]
    public bool Agreed { get; set; }
}
