using Demo;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddHoldfast().UseSqlite();

var app = builder.Build();
app.MapStaticAssets();
app.MapHoldfast<App>();
app.Run();
