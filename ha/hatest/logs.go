package hatest

import (
	"log/slog"
	"strings"
)

// logger returns what the program logs to: the trace, if that is wanted.
func (l *life) logger() *slog.Logger {
	if !l.n.w.cfg.Logs {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(logLines{l}, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{} // the trace has one
			}
			return a
		},
	}))
}

// logLines puts what is logged into the trace.
type logLines struct{ l *life }

func (w logLines) Write(line []byte) (int, error) {
	if !w.l.over() {
		w.l.n.w.trace.add(w.l.n.Name, "%s", strings.TrimSuffix(string(line), "\n"))
	}
	return len(line), nil
}
