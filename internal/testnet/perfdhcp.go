package testnet

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// Load is what perfdhcp counted of one kind of exchange.
type Load struct {
	Sent, Received, Drops int
}

// Perfdhcp runs Kea's load generator with args to its end and returns its
// counts by exchange, such as "DISCOVER-OFFER". Drops are no error. Without its
// -W option it does not wait for the last answers.
func (h *Host) Perfdhcp(ctx context.Context, args ...string) map[string]Load {
	t := h.net.t
	t.Helper()
	Require(t, "perfdhcp")
	out, err := h.Command(ctx, "perfdhcp", args...).CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 3 {
		err = nil // its way to say that it counted drops
	}
	var loads map[string]Load
	if err == nil {
		loads, err = parseLoad(string(out))
	}
	if err != nil {
		t.Fatalf("%s: perfdhcp %s: %v\n%s", h.Name, strings.Join(args, " "), err, out)
	}
	return loads
}

func parseLoad(out string) (map[string]Load, error) {
	loads := make(map[string]Load)
	exchange := ""
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "***Statistics for: "); ok {
			exchange = strings.TrimRight(rest, "*")
			continue
		}
		name, value, ok := strings.Cut(line, ": ")
		if !ok || exchange == "" {
			continue
		}
		load := loads[exchange]
		for key, count := range map[string]*int{"sent packets": &load.Sent, "received packets": &load.Received, "drops": &load.Drops} {
			if name != key {
				continue
			}
			var err error
			if *count, err = strconv.Atoi(value); err != nil {
				return nil, fmt.Errorf("%s of %s: %w", name, exchange, err)
			}
			loads[exchange] = load
		}
	}
	if len(loads) == 0 {
		return nil, errors.New("no statistics in its output")
	}
	return loads, nil
}
