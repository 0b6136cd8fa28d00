package conf

import (
	"encoding/json"
	"log/slog"
	"strings"
)

// Logger is an entry of loggers.
type Logger struct {
	Name       string `json:"name"`                 // kea-dhcp4, or a part of it such as kea-dhcp4.leases
	Severity   string `json:"severity,omitempty"`   // DEBUG, INFO (the default), WARN, ERROR, FATAL or NONE
	DebugLevel uint8  `json:"debuglevel,omitempty"` // 0 to 99, with DEBUG

	// Where the log goes to is decided by the program that assembles the
	// server; this package ignores it.
	OutputOptions []LoggerOutput `json:"output-options,omitempty"`
	// OutputOptionsOld is the name of the same in Kea up to 2.5.
	OutputOptionsOld []LoggerOutput `json:"output_options,omitempty"`

	Comment     string          `json:"comment,omitempty"`
	UserContext json.RawMessage `json:"user-context,omitempty"`
}

// LoggerOutput is an entry of output-options.
type LoggerOutput struct {
	Output  string `json:"output"` // stdout, stderr, syslog, syslog:name, or a file's path
	Flush   *bool  `json:"flush,omitempty"`
	MaxSize uint64 `json:"maxsize,omitempty"` // bytes
	MaxVer  uint32 `json:"maxver,omitempty"`
	Pattern string `json:"pattern,omitempty"`
}

// LogLevel returns what the logger of a name is set to: slog.LevelInfo by
// default, and above slog.LevelError for FATAL and NONE.
func LogLevel(loggers []Logger, name string) slog.Level {
	for _, l := range loggers {
		if l.Name != name {
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
