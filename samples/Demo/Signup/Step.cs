namespace Demo.Signup;

/// <summary>The steps of the registration, in order.</summary>
public enum Step
{
    Account,
    Address,
    Confirm,
}
