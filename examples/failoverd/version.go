package main

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// version says which build this is, as far as the go command has put that into
// the program.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "failoverd, built without a version"
	}
	words := []string{"failoverd", info.Main.Version}
	setting := map[string]string{}
	for _, s := range info.Settings {
		setting[s.Key] = s.Value
	}
	if commit := setting["vcs.revision"]; commit != "" {
		changed := ""
		if setting["vcs.modified"] == "true" {
			changed = " and changes"
		}
		words = append(words, fmt.Sprintf("(commit %s%s, %s)", commit, changed, setting["vcs.time"]))
	}
	return strings.Join(append(words, info.GoVersion, setting["GOOS"]+"/"+setting["GOARCH"]), " ")
}
