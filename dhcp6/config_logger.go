package dhcp6

import (
	"log/slog"

	"github.com/dhcpha/dhcpha/internal/conf"
)

// LogLevel returns what the root logger, kea-dhcp6, is set to: slog.LevelInfo
// by default, and above slog.LevelError for FATAL and NONE.
func (c *Config) LogLevel() slog.Level { return conf.LogLevel(c.Loggers, "kea-dhcp6") }
