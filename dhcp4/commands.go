package dhcp4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"os"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/dhcpha/dhcpha/ctrl"
)

// Commands are what the server commands need from the program. A member that
// is not set leaves its command out.
type Commands struct {
	// Server is what receives the queries; its counters are among the
	// statistics.
	Server *Server
	// Version is the program's, for version-get; empty: the module's.
	Version string
	// Reload reads the configuration again and hands it to Engine.Reload
	// (config-reload).
	Reload func(ctx context.Context) error
	// Shutdown makes the program end with an exit status, soon (shutdown).
	Shutdown func(status int)
	// Status returns further members for the answer to status-get.
	Status func() map[string]any
}

// Register makes mux run the commands of a Kea DHCPv4 server: status-get,
// config-get, config-hash-get, config-test, config-reload, shutdown,
// version-get, build-report, dhcp-disable, dhcp-enable and statistic-*.
func (e *Engine) Register(mux *ctrl.Mux, c *Commands) {
	if c == nil {
		c = &Commands{}
	}
	ctrl.HandleService(mux, ctrl.V4, e.service)
	ctrl.HandleStats(mux, &e.stats.all)
	ctrl.HandleVersion(mux, c.Version)
	mux.Handle("status-get", func(context.Context, json.RawMessage) ctrl.Response { return e.status(c) })
	mux.Handle("config-get", e.configGet)
	mux.Handle("config-hash-get", e.configHashGet)
	mux.Handle("config-test", configTest)
	if c.Reload != nil {
		mux.Handle("config-reload", func(ctx context.Context, _ json.RawMessage) ctrl.Response {
			if err := c.Reload(ctx); err != nil {
				return ctrl.Errorf("Config reload failed: %v", err)
			}
			return ctrl.Response{Text: "Configuration successful."}
		})
	}
	if c.Shutdown != nil {
		mux.Handle("shutdown", func(_ context.Context, args json.RawMessage) ctrl.Response { return shutdown(c, args) })
	}
	if c.Server != nil {
		e.stats.countDatagrams(c.Server)
	}
}

// RegisterLeases makes mux run the commands of Kea's lease commands hook
// library (lease4-*) on the engine's leases and subnets.
func (e *Engine) RegisterLeases(mux *ctrl.Mux) {
	ctrl.HandleLeases(mux, ctrl.V4, e.store, e.background, e.Subnets())
}

// countDatagrams makes the statistics tell of everything that the server
// received and sent, malformed datagrams included.
func (s *engineStats) countDatagrams(srv *Server) {
	s.all.Func("pkt4-received", func() int64 { return int64(srv.Counters().Received) })
	s.all.Func("pkt4-sent", func() int64 { return int64(srv.Counters().Sent) })
	s.all.Func("pkt4-queue-full", func() int64 { return int64(srv.Counters().Shed) })
	s.all.Func("pkt4-parse-failed", func() (n int64) {
		for reason, count := range srv.Counters().Refused {
			if reason != RefusedType { // counted by its type
				n += int64(count)
			}
		}
		return n
	})
	for i, name := range packetNames {
		s.all.Func("pkt4-"+name+"-received", func() int64 { return int64(srv.Counters().ReceivedTypes[dhcpv4.MessageType(i)]) })
	}
}

func (e *Engine) status(c *Commands) ctrl.Response {
	now := time.Now()
	sockets := map[string]any{"status": "ready"}
	if c.Server != nil {
		if err := c.Server.NotReady(); err != nil {
			sockets = map[string]any{"status": "failed", "errors": []string{err.Error()}}
		}
	}
	args := map[string]any{
		"pid":                     os.Getpid(),
		"uptime":                  int64(now.Sub(e.started) / time.Second),
		"reload":                  int64(now.Sub(time.Unix(0, e.reloaded.Load())) / time.Second),
		"multi-threading-enabled": true,
		"sockets":                 sockets,
		"dhcp-state":              e.service.State(),
	}
	if c.Status != nil {
		maps.Copy(args, c.Status())
	}
	return ctrl.Response{Arguments: args}
}

func (e *Engine) configGet(context.Context, json.RawMessage) ctrl.Response {
	cfg := e.Config()
	hash, err := configHash(cfg)
	if err != nil {
		return ctrl.Errorf("%v", err)
	}
	return ctrl.Response{Arguments: map[string]any{"Dhcp4": cfg, "hash": hash}}
}

func (e *Engine) configHashGet(context.Context, json.RawMessage) ctrl.Response {
	hash, err := configHash(e.Config())
	if err != nil {
		return ctrl.Errorf("%v", err)
	}
	return ctrl.Response{Arguments: map[string]any{"hash": hash}}
}

// configHash tells configurations apart: the SHA-256 of its JSON.
func configHash(cfg *Config) (string, error) {
	b, err := json.Marshal(cfg)
	if err != nil {
		return "", fmt.Errorf("dhcp4: configuration: %w", err)
	}
	return fmt.Sprintf("%X", sha256.Sum256(b)), nil
}

// configTest checks the configuration that it is given.
func configTest(_ context.Context, args json.RawMessage) ctrl.Response {
	var members map[string]json.RawMessage
	switch {
	case len(args) == 0:
		return ctrl.Errorf("Missing mandatory 'arguments' parameter.")
	case json.Unmarshal(args, &members) != nil || members["Dhcp4"] == nil:
		return ctrl.Errorf("Missing mandatory 'Dhcp4' parameter.")
	}
	cfg, err := ParseConfig(bytes.NewReader(args), nil)
	if err == nil {
		_, err = newPlan(cfg)
	}
	if err != nil {
		return ctrl.Errorf("%v", err)
	}
	return ctrl.Response{Text: "Configuration seems sane. Control-socket, hook-libraries, and D2 configuration were sanity checked, but not applied."}
}

func shutdown(c *Commands, raw json.RawMessage) ctrl.Response {
	var args struct {
		ExitValue int `json:"exit-value"`
	}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &args); err != nil {
			return ctrl.Errorf("Argument to shutdown is not a map with an integer exit-value")
		}
	}
	c.Shutdown(args.ExitValue)
	return ctrl.Response{Text: "Shutting down."}
}

// Subnets returns the subnets that the engine serves, as they are when they are
// asked for.
func (e *Engine) Subnets() ctrl.Subnets { return subnetsOf{e} }

// subnetsOf tells the lease commands of the engine's subnets.
type subnetsOf struct{ e *Engine }

func (s subnetsOf) Subnet(id uint32) (ctrl.Subnet, bool) {
	in := s.e.plan.Load().byID[id]
	if in == nil {
		return ctrl.Subnet{}, false
	}
	return in.forCommands(), true
}

func (s subnetsOf) Subnets() iter.Seq[ctrl.Subnet] {
	return func(yield func(ctrl.Subnet) bool) {
		for _, in := range s.e.plan.Load().subnets {
			if !yield(in.forCommands()) {
				return
			}
		}
	}
}

func (s *subnet) forCommands() ctrl.Subnet {
	return ctrl.Subnet{ID: s.id, Prefix: s.prefix, ValidLft: s.valid.Usual, Server: s.server}
}
