using Amazon.S3;
using Holdfast;
using Holdfast.S3;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the S3 store.</summary>
public static class S3ServiceCollectionExtensions
{
    /// <summary>Keeps sessions in an S3 bucket, and the Data Protection keys too if the application keeps them nowhere else. Takes the place of any other store. An
    /// <see cref="IAmazonS3"/> that the application registered is used.</summary>
    /// <param name="builder">What <c>AddHoldfast</c> returned.</param>
    /// <param name="bucket">The bucket, which must exist. Without it <c>Holdfast:S3:Bucket</c> of the configuration decides.</param>
    public static HoldfastBuilder UseS3(this HoldfastBuilder builder, string? bucket = null) =>
        builder.UseS3(options => options.Bucket = bucket ?? options.Bucket);

    /// <inheritdoc cref="UseS3(HoldfastBuilder, string?)"/>
    /// <param name="builder">What <c>AddHoldfast</c> returned.</param>
    /// <param name="configure">Runs after the configuration was bound, and so wins over it.</param>
    public static HoldfastBuilder UseS3(this HoldfastBuilder builder, Action<S3StoreOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var services = builder.Services;
        AddOptions(services, configure);
        services.TryAddSingleton(provider => new BucketClient(provider.GetRequiredService<IOptions<S3StoreOptions>>().Value, provider.GetService<IAmazonS3>()));
        services.TryAddSingleton<S3KeyRing>();
        return builder.UseStore(
            provider => new S3SessionStore(
                provider.GetRequiredService<BucketClient>(),
                ownsBucket: false,
                provider.GetRequiredService<IOptions<S3StoreOptions>>().Value.MaxCachedBytes,
                provider.GetService<TimeProvider>() ?? TimeProvider.System,
                provider.GetService<ILogger<S3SessionStore>>()),
            keyRing: provider => provider.GetRequiredService<S3KeyRing>());
    }

    private static void AddOptions(IServiceCollection services, Action<S3StoreOptions> configure)
    {
        const string Section = S3StoreOptions.Section;
        services.AddOptions<S3StoreOptions>()
            .BindConfiguration(Section)
            .Configure(configure)
            .Validate(
                options => !string.IsNullOrWhiteSpace(options.Bucket),
                $"'{Section}:Bucket' is empty. The store needs a bucket, and makes none. Set it, in the configuration or by UseS3(\"…\").")
            .Validate(
                options => options.Prefix is "" or [not '/', .., '/'] && options.Prefix.Length <= 512 && !options.Prefix.Split('/').SkipLast(1).Any(part => part is "" or "." or ".."),
                $"'{Section}:Prefix' is not the beginning of an object's name. It is empty, or has at most 512 characters, ends with a slash, begins with none, and has no part "
                + "that is empty, '.' or '..'. Set it to one such as 'holdfast/'.")
            .Validate(
                options => options.Endpoint is null || (Uri.TryCreate(options.Endpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"),
                $"'{Section}:Endpoint' is not an address. It is the server's, with http:// or https://. Set it to one such as 'http://127.0.0.1:9000', or leave it out for Amazon S3.")
            .Validate(
                options => options.AccessKey is null == options.SecretKey is null,
                $"Of '{Section}:AccessKey' and '{Section}:SecretKey' only one is set. They belong together. Set both, or none to use what the AWS SDK finds.")
            .Validate(
                options => options.ConnectTimeout > TimeSpan.Zero && options.CallTimeout > TimeSpan.Zero && options.CallTimeout <= TimeSpan.FromHours(1),
                $"'{Section}:ConnectTimeout' or '{Section}:CallTimeout' is not a time to wait. No call may wait for ever, and none can end before it began. Set them to more than zero, "
                + "and at most an hour.")
            .Validate(
                options => options.MaxCachedBytes >= 0,
                $"'{Section}:MaxCachedBytes' is negative. It bounds what a node keeps in memory. Set it to 0 to keep nothing, or to a number of bytes.")
            .ValidateOnStart();
    }
}
