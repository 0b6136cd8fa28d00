package rig

import (
	"fmt"
	"os"
	"strings"
)

// ReadMarked returns what is between the marks of a figure, such as
// "bench pairs", in the first file that has them.
func ReadMarked(files []string, figure string) string {
	for _, file := range files {
		text, _ := os.ReadFile(file)
		if _, rest, ok := strings.Cut(string(text), "<!-- "+figure+": begin -->\n"); ok {
			text, _, _ := strings.Cut(rest, "<!-- "+figure+": end -->\n")
			return text
		}
	}
	return ""
}

// WriteMarked replaces what is between the marks of a figure, such as
// "bench pairs", in the files that have them.
func WriteMarked(files []string, figure, text string) error {
	begin, end := "<!-- "+figure+": begin -->\n", "<!-- "+figure+": end -->\n"
	found := false
	for _, file := range files {
		old, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		before, rest, ok := strings.Cut(string(old), begin)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			continue
		}
		found = true
		if err := os.WriteFile(file, []byte(before+begin+text+end+after), 0o644); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%s: there is no %q and %q", strings.Join(files, ", "), begin, end)
	}
	return nil
}
