package dhcp4

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

// ConfigError is the error for a configuration with mistakes. It has all of
// them, in the order of the file, as Problems, and prints each on a line of
// its own. It
// matches [errors.ErrUnsupported] if the configuration asks for something that
// Kea has and this server has not.
type ConfigError = keajson.Error

// ConfigProblem is one mistake in a configuration: its Path, such as
// subnet4[2].pools[0].pool, its place in the file (Pos.File, Pos.Line and
// Pos.Column), its Text, which says what is wrong, and whether it is one only
// because this server has not what Kea has (Unsupported).
type ConfigProblem = keajson.Problem

// ParseOptions is how a configuration is read. The zero value is strict.
type ParseOptions struct {
	// AllowUnsupported leaves what this server does not support out of the
	// configuration with a warning. Otherwise it is an error.
	AllowUnsupported bool
	// Hooks are the hook libraries whose work the program does, by their
	// [HookLibrary.Name]; others in the configuration are not supported. Nil:
	// whatever is there is accepted, and ignored.
	Hooks []string
	// Hook checks the parameters of each hook library whose work the program
	// does, or takes note of them. The problems of a [*ConfigError] that it
	// returns, and those it gives to warn, have paths that begin within the
	// parameters; they are told of with their place in the file. Nil: the
	// parameters are not looked at.
	Hook func(h HookLibrary, warn func(ConfigProblem)) error
	// Logger takes warnings. Nil discards them.
	Logger *slog.Logger
}

// LoadConfig reads a Kea configuration file and the files that it includes.
// Nil options mean the zero ParseOptions. The error is a [*ConfigError] unless
// the file itself could not be read.
func LoadConfig(path string, opts *ParseOptions) (*Config, error) {
	return parseConfig(opts, func() (*keajson.Node, []keajson.Problem, error) {
		return keajson.ParseFile(path)
	})
}

// ParseConfig reads a configuration as [LoadConfig] does, from a reader
// instead of a file. It cannot include files.
func ParseConfig(r io.Reader, opts *ParseOptions) (*Config, error) {
	text, err := io.ReadAll(io.LimitReader(r, keajson.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("dhcp4: configuration: %w", err)
	}
	return parseConfig(opts, func() (*keajson.Node, []keajson.Problem, error) {
		return keajson.Parse("", text, nil)
	})
}

// parseConfig makes a Config of the tree {"Dhcp4": {...}} that parse returns.
func parseConfig(opts *ParseOptions, parse func() (*keajson.Node, []keajson.Problem, error)) (*Config, error) {
	if opts == nil {
		opts = &ParseOptions{}
	}
	root, warnings, err := parse()
	if err != nil {
		if e := (*ConfigError)(nil); errors.As(err, &e) {
			shortenPaths(e.Problems)
		}
		return nil, fmt.Errorf("dhcp4: configuration: %w", err)
	}
	shortenPaths(warnings)
	report := &keajson.Report{Warnings: warnings}
	cfg := decodeConfig(root, opts, report)
	if opts.AllowUnsupported {
		report.AllowUnsupported()
	}
	if opts.Logger != nil {
		keajson.Sort(report.Warnings)
		for _, w := range report.Warnings {
			opts.Logger.Warn("configuration", "path", w.Path, "at", w.Pos.String(), "warning", w.Text)
		}
	}
	if err := report.Err(); err != nil {
		return nil, fmt.Errorf("dhcp4: configuration: %w", err)
	}
	return cfg, nil
}

// rootKey is the only key of a file's outermost object. Paths begin below it.
const rootKey = "Dhcp4"

func shortenPaths(problems []keajson.Problem) {
	for i := range problems {
		problems[i].Path = strings.TrimPrefix(strings.TrimPrefix(problems[i].Path, rootKey), ".")
	}
}

// decodeConfig reads and checks the tree.
func decodeConfig(root *keajson.Node, opts *ParseOptions, report *keajson.Report) *Config {
	cfg := &Config{}
	for _, m := range root.Members {
		if m.Key != rootKey {
			report.Problems = append(report.Problems, keajson.Problem{Path: m.Key, Pos: m.Pos,
				Text: `unknown key; beside "Dhcp4" nothing may stand in the file`})
		}
	}
	dhcp4 := root.Get(rootKey)
	if dhcp4 == nil {
		report.Errorf("", `there is no "Dhcp4" object`)
		report.Locate(root)
		return nil
	}
	report.Problems = append(report.Problems, keajson.Decode(dhcp4, cfg, unsupportedKeys())...)
	decoded := len(report.Problems)
	cfg.normalize(report)
	cfg.dropUnsupported(report)
	cfg.check(report)
	report.DropConsequences(decoded)
	if opts.Hook != nil {
		cfg.checkHooks(opts, report)
	}
	if opts.Hooks != nil {
		cfg.dropHooks(opts.Hooks, report)
	}
	report.Locate(dhcp4)
	return cfg
}

// Validate checks a configuration that a program has put together. Those of
// [ParseConfig] are already checked. The error is a [*ConfigError].
func (c *Config) Validate() error {
	var report keajson.Report
	clone := *c
	clone.dropUnsupported(&report)
	c.check(&report)
	if err := report.Err(); err != nil {
		return fmt.Errorf("dhcp4: configuration: %w", err)
	}
	return nil
}
