package dhcp4

import (
	"errors"
	"io"
	"log/slog"
)

// ParseOptions is how a configuration is read. The zero value is strict.
type ParseOptions struct {
	// AllowUnsupported logs what this server does not support, where it is
	// an error otherwise.
	AllowUnsupported bool
	// Logger takes warnings. Nil discards them.
	Logger *slog.Logger
}

// LoadConfig reads a Kea configuration file, and the files that it includes.
func LoadConfig(path string, opts *ParseOptions) (*Config, error) {
	return nil, errors.ErrUnsupported
}

// ParseConfig reads a configuration that stands by itself: includes are
// refused.
func ParseConfig(r io.Reader, opts *ParseOptions) (*Config, error) {
	return nil, errors.ErrUnsupported
}

// Validate checks a configuration that a program has put together.
func (c *Config) Validate() error { return nil }
