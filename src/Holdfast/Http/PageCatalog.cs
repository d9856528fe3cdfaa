using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using Holdfast.Security;
using Holdfast.Sessions;
using Holdfast.State;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;

namespace Holdfast.Http;

/// <summary>One route of one page.</summary>
internal sealed class PageRoute(Type pageType, string template)
{
    private static readonly ConcurrentDictionary<Type, Dictionary<string, PropertyInfo>> ParametersByPage = new();
    private readonly string? _stateKey = pageType.GetCustomAttribute<StateKeyAttribute>(inherit: false)?.Key;
    private readonly TemplateMatcher _matcher = new(TemplateParser.Parse(template), DefaultsOf(template));

    public Type PageType => pageType;

    public string Template => template;

    /// <summary>How long the page's HTML was last, so that the buffer for the next need not grow. Guessed, and written without a lock.</summary>
    public int LastLength { get; set; } = 1024;

    /// <summary>Reads the route's values off a path (without the path base). Null when the path is another route's.</summary>
    public RouteValueDictionary? Match(string path)
    {
        var values = new RouteValueDictionary();
        return _matcher.TryMatch(path, values) ? values : null;
    }

    /// <summary>The page's parameters, converted to the types that it declares.</summary>
    public IReadOnlyDictionary<string, object?> ParametersOf(RouteValueDictionary values)
    {
        var declared = ParametersByPage.GetOrAdd(pageType, DeclaredBy);
        var parameters = new Dictionary<string, object?>();
        foreach (var (name, value) in values)
        {
            if (declared.TryGetValue(name, out var property))
            {
                parameters[property.Name] = Convert(value?.ToString(), property.PropertyType);
            }
        }

        return parameters;
    }

    /// <summary>The page that a ticket was made for.</summary>
    public PageAddress AddressOf(Ticket ticket, RouteValueDictionary values, HttpRequest request)
    {
        var parameters = ParametersOf(values);
        var site = $"{request.Scheme}://{request.Host.ToUriComponent()}{new PathString(ticket.PathBase).ToUriComponent()}";
        return new PageAddress(
            PersistedView.Of(pageType).IsPersistent ? ticket.Record : null,
            pageType,
            SliceKey(ticket.PathBase, parameters),
            parameters,
            site + ticket.Path + ticket.Query,
            site + "/",
            ticket.Culture,
            ticket.User,
            ticket.Browser);
    }

    /// <summary>The key of the page's slice: path base, template and values, whatever the query; or the view's own key, which no path can be equal to.</summary>
    public string SliceKey(string pathBase, IReadOnlyDictionary<string, object?> parameters)
    {
        if (_stateKey is not null)
        {
            return "@" + Uri.EscapeDataString(_stateKey) + pathBase;
        }

        var key = pathBase + "/" + template.TrimStart('/');
        foreach (var (name, value) in parameters.OrderBy(parameter => parameter.Key, StringComparer.Ordinal))
        {
            key += $";{name}={Uri.EscapeDataString(System.Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")}";
        }

        return key;
    }

    /// <summary>Forgets the parameters of the code before a hot reload.</summary>
    public static void ClearCache() => ParametersByPage.Clear();

    private static Dictionary<string, PropertyInfo> DeclaredBy(Type pageType) => pageType.GetProperties(BindingFlags.Instance | BindingFlags.Public)
        .Where(property => property.GetCustomAttribute<ParameterAttribute>() is not null)
        .ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);

    private static RouteValueDictionary DefaultsOf(string template) =>
        new(TemplateParser.Parse(template).Parameters.Where(parameter => parameter.DefaultValue is not null).ToDictionary(parameter => parameter.Name!, parameter => parameter.DefaultValue));

    private static object? Convert(string? text, Type type)
    {
        var target = Nullable.GetUnderlyingType(type) ?? type;
        if (text is null || target == typeof(string))
        {
            return text;
        }

        var invariant = CultureInfo.InvariantCulture;
        return target switch
        {
            _ when target == typeof(int) => int.Parse(text, invariant),
            _ when target == typeof(long) => long.Parse(text, invariant),
            _ when target == typeof(Guid) => Guid.Parse(text),
            _ when target == typeof(bool) => bool.Parse(text),
            _ when target == typeof(DateTime) => DateTime.Parse(text, invariant),
            _ when target == typeof(decimal) => decimal.Parse(text, invariant),
            _ when target == typeof(double) => double.Parse(text, invariant),
            _ when target == typeof(float) => float.Parse(text, invariant),
            _ => System.Convert.ChangeType(text, target, invariant),
        };
    }
}

/// <summary>The pages of the app, found once at start-up. Immutable afterwards.</summary>
internal sealed class PageCatalog
{
    private readonly Dictionary<string, PageRoute[]> _byView = new(StringComparer.Ordinal);

    public IEnumerable<PageRoute> Routes => _byView.Values.SelectMany(routes => routes);

    /// <summary>The component with the document around the pages.</summary>
    public Type ShellType { get; private set; } = typeof(object);

    /// <summary>Where the pages' attributes are, for the checks at a join.</summary>
    public EndpointMetadataCollection MetadataOf(Type pageType) => _metadata.GetValueOrDefault(pageType, EndpointMetadataCollection.Empty);

    private readonly Dictionary<Type, EndpointMetadataCollection> _metadata = [];

    /// <exception cref="InvalidOperationException">There is no page, or the app was mapped twice.</exception>
    public void Discover(Type shellType, IEnumerable<Assembly> assemblies)
    {
        if (_byView.Count > 0)
        {
            throw new InvalidOperationException("MapHoldfast was called twice. The pages of all assemblies are mapped by one call. Add the other assemblies to HoldfastOptions.AdditionalAssemblies.");
        }

        ShellType = shellType;
        var keys = new Dictionary<string, Type>(StringComparer.Ordinal);
        foreach (var type in assemblies.Distinct().SelectMany(assembly => assembly.GetTypes()))
        {
            if (type is { IsClass: true, IsAbstract: false } && type.IsSubclassOf(typeof(LiveView)))
            {
                CheckStreaming(type);
                CheckStateKey(type, keys);
                CheckUser(PersistedView.Of(type)); // A member that cannot be persisted is an error now, not at the first visit.
                if (type.GetCustomAttributes<RouteAttribute>(inherit: false).ToArray() is { Length: > 0 } routes)
                {
                    _byView.Add(type.FullName!, [.. routes.Select(route => new PageRoute(type, route.Template))]);
                }
            }
        }

        if (_byView.Count == 0)
        {
            throw new InvalidOperationException(
                $"No page was found in the assembly of '{shellType}'. A page is a component with '@page \"/…\"' and '@inherits LiveView'. Write one, or add its assembly to HoldfastOptions.AdditionalAssemblies.");
        }
    }

    private static void CheckStreaming(Type type)
    {
        if (type.GetCustomAttribute<StreamRenderingAttribute>() is { Enabled: true })
        {
            throw new InvalidOperationException(
                $"View '{type}' has [StreamRendering]. A page of Holdfast is sent as a whole, and goes on changing once it is live. Remove the attribute; load what takes long when 'Mount.IsLive'.");
        }
    }

    private static void CheckUser(PersistedView view)
    {
        if (view.IsOfUser && !view.Type.GetCustomAttributes(inherit: true).OfType<IAuthorizeData>().Any())
        {
            throw new InvalidOperationException(
                $"View '{view.Type}' has [Persist(Scope.User)], but not [Authorize]. Its state is a signed-in user's, and a visitor has none. Add [Authorize] to the view, or persist its state in the session.");
        }
    }

    private static void CheckStateKey(Type type, Dictionary<string, Type> keys)
    {
        if (type.GetCustomAttribute<StateKeyAttribute>(inherit: false) is not { Key: var key })
        {
            return;
        }

        if (key is not { Length: > 0 and <= 256 })
        {
            throw new InvalidOperationException($"View '{type}' has [StateKey] with {key?.Length ?? 0} characters. A key has 1 to 256. Write a short name, such as [StateKey(\"basket\")].");
        }

        if (!keys.TryAdd(key, type))
        {
            throw new InvalidOperationException(
                $"Views '{keys[key]}' and '{type}' both have [StateKey(\"{key}\")]. One state has one view class, which alone knows its members and their version. Give one of them another key, or one view both routes.");
        }
    }

    public void SetMetadata(Type pageType, EndpointMetadataCollection metadata) => _metadata[pageType] = metadata;

    public PageRoute[] RoutesOf(string view) => _byView.GetValueOrDefault(view, []);
}
