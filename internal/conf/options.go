package conf

import (
	"log/slog"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

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
	// does, or takes note of them. The problems of a [*keajson.Error] that it
	// returns, and those it gives to warn, have paths that begin within the
	// parameters; they are told of with their place in the file. Nil: the
	// parameters are not looked at.
	Hook func(h HookLibrary, warn func(keajson.Problem)) error
	// Warn takes what is accepted, but hardly meant, in the order of the file.
	// Nil discards it.
	Warn func(keajson.Problem)
	// Logger takes the same as log messages. Nil discards them.
	Logger *slog.Logger
}
