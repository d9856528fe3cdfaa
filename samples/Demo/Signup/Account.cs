using System.ComponentModel.DataAnnotations;

namespace Demo.Signup;

/// <summary>The first step: who it is.</summary>
public sealed class Account
{
    [Required(ErrorMessage = "Enter a name.")]
    [StringLength(40, ErrorMessage = "Use at most 40 characters.")]
    public string Name { get; set; } = "";

    [Required(ErrorMessage = "Enter an e-mail address.")]
    [EmailAddress(ErrorMessage = "This is no e-mail address: it has no part after the @.")]
    public string Email { get; set; } = "";
}
