package ctrl

import (
	"context"
	"encoding/json"
	"runtime/debug"
)

// HandleVersion makes mux run version-get and build-report. version is the
// program's; empty: that of the module it was built from.
func HandleVersion(mux *Mux, version string) {
	report := "no build information"
	if info, ok := debug.ReadBuildInfo(); ok {
		report = info.String()
		if version == "" {
			version = info.Main.Path + " " + info.Main.Version
		}
	}
	mux.Handle("version-get", func(context.Context, json.RawMessage) Response {
		return Response{
			Text:      version,
			Arguments: map[string]string{"extended": version + "\n" + report},
		}
	})
	mux.Handle("build-report", func(context.Context, json.RawMessage) Response {
		return Response{Text: report}
	})
}
