package dhcp6

import (
	"io"

	"github.com/dhcpha/dhcpha/internal/conf"
	"github.com/dhcpha/dhcpha/internal/keajson"
)

// ConfigError is the error for a configuration with mistakes. It has all of
// them, in the order of the file, as Problems, and prints each on a line of
// its own. It matches [errors.ErrUnsupported] if the configuration asks for
// something that Kea has and this server has not.
type ConfigError = keajson.Error

// ConfigProblem is one mistake in a configuration: its Path, such as
// subnet6[2].pools[0].pool, its place in the file (Pos.File, Pos.Line and
// Pos.Column), its Text, which says what is wrong, and whether it is one only
// because this server has not what Kea has (Unsupported).
type ConfigProblem = keajson.Problem

// ParseOptions is how a configuration is read. The zero value is strict.
//
//	AllowUnsupported bool         // leave out, with a warning, what this server does not support, instead of refusing it
//	Hooks            []string     // names (HookLibrary.Name) of the hook libraries whose work the program does; others are
//	                              // not supported. Nil: whatever is there is accepted, and ignored
//	Hook             func(h HookLibrary, warn func(ConfigProblem)) error
//	                              // checks, or takes note of, the parameters of each library whose work the program does.
//	                              // The problems of a *ConfigError that it returns, and those it gives to warn, have paths
//	                              // that begin within the parameters. Nil: the parameters are not looked at
//	Warn             func(ConfigProblem) // takes what is accepted, but hardly meant, in the order of the file; nil discards it
//	Logger           *slog.Logger        // takes the same as log messages; nil discards them
type ParseOptions = conf.ParseOptions

// LoadConfig reads a Kea configuration file and the files that it includes.
// Nil options mean the zero ParseOptions. The error is a [*ConfigError] unless
// the file itself could not be read.
func LoadConfig(path string, opts *ParseOptions) (*Config, error) { return form().Load(path, opts) }

// ParseConfig reads a configuration as [LoadConfig] does, from a reader
// instead of a file. It cannot include files.
func ParseConfig(r io.Reader, opts *ParseOptions) (*Config, error) { return form().Parse(r, opts) }

// Validate checks a configuration that a program has put together. Those of
// [ParseConfig] are already checked. The error is a [*ConfigError].
func (c *Config) Validate() error { return form().Validate(c) }

// HasHook says whether hooks-libraries has a library of this name.
func (c *Config) HasHook(name string) bool { return conf.HasHook(c.HooksLibraries, name) }

// form is how a Config is read.
func form() *conf.Form[Config] {
	return &conf.Form[Config]{
		Package:         "dhcp6",
		Root:            "Dhcp6",
		Unsupported:     unsupportedKeys(),
		Normalize:       (*Config).normalize,
		DropUnsupported: (*Config).dropUnsupported,
		Check:           (*Config).check,
		Hooks:           func(c *Config) *[]HookLibrary { return &c.HooksLibraries },
	}
}
