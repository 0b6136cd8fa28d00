package conf

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

// Form is how the configuration of a family, of type C, is read and checked.
type Form[C any] struct {
	Package string // what errors begin with, dhcp4
	Root    string // the only key of a file's outermost object, Dhcp4. Paths begin below it.

	// Unsupported are the keys that Kea knows and C does not have.
	Unsupported keajson.Unsupported
	// Normalize gives what was read from a file the form that a program would
	// write.
	Normalize func(*C, *keajson.Report)
	// DropUnsupported reports values that are not supported and sets them to
	// what the server does. It leaves alone what C points to.
	DropUnsupported func(*C, *keajson.Report)
	// Check reports all mistakes in the configuration.
	Check func(*C, *keajson.Report)
	// Hooks returns where the hook libraries are.
	Hooks func(*C) *[]HookLibrary
}

// Load reads a file and the files that it includes.
func (f *Form[C]) Load(path string, opts *ParseOptions) (*C, error) {
	root, warnings, err := keajson.ParseFile(path)
	return f.read(root, warnings, err, opts)
}

// Parse reads a text, which cannot include files.
func (f *Form[C]) Parse(r io.Reader, opts *ParseOptions) (*C, error) {
	text, err := io.ReadAll(io.LimitReader(r, keajson.MaxSize+1))
	if err != nil {
		return nil, f.wrap(err)
	}
	root, warnings, err := keajson.Parse("", text, nil)
	return f.read(root, warnings, err, opts)
}

// Validate checks a configuration that a program has put together.
func (f *Form[C]) Validate(c *C) error {
	var report keajson.Report
	clone := *c
	f.DropUnsupported(&clone, &report)
	f.Check(c, &report)
	return f.wrap(report.Err())
}

// wrap says what an error is about. A nil error stays nil.
func (f *Form[C]) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: configuration: %w", f.Package, err)
}

// shorten lets paths begin below the root.
func (f *Form[C]) shorten(problems []keajson.Problem) {
	for i := range problems {
		problems[i].Path = strings.TrimPrefix(strings.TrimPrefix(problems[i].Path, f.Root), ".")
	}
}

// read makes a configuration of what parsing has returned, the tree
// {"Dhcp4": {...}} or an error.
func (f *Form[C]) read(root *keajson.Node, warnings []keajson.Problem, err error, opts *ParseOptions) (*C, error) {
	if e := (*keajson.Error)(nil); errors.As(err, &e) {
		f.shorten(e.Problems)
	}
	if err != nil {
		return nil, f.wrap(err)
	}
	if opts == nil {
		opts = &ParseOptions{}
	}
	f.shorten(warnings)
	report := &keajson.Report{Warnings: warnings}
	c := f.decode(root, opts, report)
	if opts.AllowUnsupported {
		report.AllowUnsupported()
	}
	keajson.Sort(report.Warnings)
	for _, w := range report.Warnings {
		if opts.Warn != nil {
			opts.Warn(w)
		}
		if opts.Logger != nil {
			opts.Logger.Warn("configuration warning", "path", w.Path, "at", w.Pos.String(), "warning", w.Text)
		}
	}
	if err := report.Err(); err != nil {
		return nil, f.wrap(err)
	}
	return c, nil
}

// decode reads and checks the tree.
func (f *Form[C]) decode(root *keajson.Node, opts *ParseOptions, report *keajson.Report) *C {
	for _, m := range root.Members {
		if m.Key != f.Root {
			report.Problems = append(report.Problems, keajson.Problem{Path: m.Key, Pos: m.Pos,
				Text: fmt.Sprintf("unknown key; beside %q nothing may stand in the file", f.Root)})
		}
	}
	object := root.Get(f.Root)
	if object == nil {
		report.Errorf("", "there is no %q object", f.Root)
		report.Locate(root)
		return nil
	}
	c := new(C)
	report.Problems = append(report.Problems, keajson.Decode(object, c, f.Unsupported)...)
	decoded := len(report.Problems)
	f.Normalize(c, report)
	f.DropUnsupported(c, report)
	f.Check(c, report)
	report.DropConsequences(decoded)
	hooks := f.Hooks(c)
	if opts.Hook != nil {
		checkHooks(*hooks, opts, report)
	}
	if opts.Hooks != nil {
		*hooks = dropHooks(*hooks, opts.Hooks, report)
	}
	report.Locate(object)
	return c
}
