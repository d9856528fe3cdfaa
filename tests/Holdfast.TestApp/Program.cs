using Holdfast.TestViews;

TestApp.Build(args).Run();
