package conf

import "encoding/json"

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
