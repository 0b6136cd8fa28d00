package dhcp4

import (
	"log/slog"
	"strings"
)

// LogLevel returns what the root logger, kea-dhcp4, is set to: slog.LevelInfo
// by default, and above slog.LevelError for FATAL and NONE.
func (c *Config) LogLevel() slog.Level {
	for _, l := range c.Loggers {
		if l.Name != "kea-dhcp4" {
			continue
		}
		switch strings.ToUpper(l.Severity) {
		case "DEBUG":
			return slog.LevelDebug
		case "WARN":
			return slog.LevelWarn
		case "ERROR":
			return slog.LevelError
		case "FATAL", "NONE":
			return slog.LevelError + 4
		}
	}
	return slog.LevelInfo
}
