package dhcp4

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

// ConfigError is the error for a configuration with mistakes. It has all of
// them, in the order of the file, and prints each on a line of its own. It
// matches [errors.ErrUnsupported] if the configuration asks for something that
// Kea has and this server has not.
type ConfigError = keajson.Error

// ConfigProblem is one mistake in a configuration: its path, such as
// subnet4[2].pools[0].pool, its place in the file, and what is wrong.
type ConfigProblem = keajson.Problem

// ParseOptions is how a configuration is read. The zero value is strict.
type ParseOptions struct {
	// AllowUnsupported leaves what this server does not support out of the
	// configuration with a warning. Otherwise it is an error.
	AllowUnsupported bool
	// Logger takes warnings. Nil discards them.
	Logger *slog.Logger
}

// LoadConfig reads a Kea configuration file and the files that it includes.
// Nil options mean the zero ParseOptions. The error is a [*ConfigError] unless
// the file itself could not be read.
func LoadConfig(path string, opts *ParseOptions) (*Config, error) {
	root, warnings, err := keajson.ParseFile(path)
	if err != nil {
		return nil, fmt.Errorf("dhcp4: configuration: %w", err)
	}
	return parseConfig(root, warnings, opts)
}

// ParseConfig reads a configuration as [LoadConfig] does, from a reader
// instead of a file. It cannot include files.
func ParseConfig(r io.Reader, opts *ParseOptions) (*Config, error) {
	text, err := io.ReadAll(io.LimitReader(r, keajson.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("dhcp4: configuration: %w", err)
	}
	root, warnings, err := keajson.Parse("", text, nil)
	if err != nil {
		return nil, fmt.Errorf("dhcp4: configuration: %w", err)
	}
	return parseConfig(root, warnings, opts)
}

// parseConfig makes a Config of the tree {"Dhcp4": {...}}.
func parseConfig(root *keajson.Node, warnings []keajson.Problem, opts *ParseOptions) (*Config, error) {
	if opts == nil {
		opts = &ParseOptions{}
	}
	report := keajson.Report{Warnings: warnings}
	cfg := &Config{}
	dhcp4 := root.Get("Dhcp4")
	if dhcp4 == nil {
		report.Errorf("", `there is no "Dhcp4" object`)
	}
	for _, m := range root.Members {
		if m.Key != "Dhcp4" {
			report.Problems = append(report.Problems, keajson.Problem{Path: m.Key, Pos: m.Pos,
				Text: `unknown key; beside "Dhcp4" nothing may stand in the file`})
		}
	}
	if dhcp4 != nil {
		report.Problems = append(report.Problems, keajson.Decode(dhcp4, cfg, unsupportedKeys())...)
		cfg.normalize(&report)
		cfg.dropUnsupported(&report)
		cfg.check(&report)
		root = dhcp4
	}
	report.Locate(root)

	if opts.AllowUnsupported {
		mistakes := report.Problems[:0:0]
		for _, p := range report.Problems {
			if p.Unsupported {
				report.Warnings = append(report.Warnings, p)
			} else {
				mistakes = append(mistakes, p)
			}
		}
		report.Problems = mistakes
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
