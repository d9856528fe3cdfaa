using Demo;
using Demo.Todos;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseStaticWebAssets(); // wwwroot is found without publishing, in Production too.
builder.Services.AddHoldfast().UseSqlite();
builder.Services.AddSingleton<TodoList>();

var app = builder.Build();
app.Use((context, next) =>
{
    context.Response.Headers.ContentSecurityPolicy =
        "default-src 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types holdfast";
    return next(context);
});
app.MapStaticAssets();
app.MapHoldfast<App>();
app.Run();
