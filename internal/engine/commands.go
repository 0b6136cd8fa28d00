package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
)

// Commands are what the server commands need from a family and its program. A
// member of the latter that is not set leaves its command out.
type Commands struct {
	Family ctrl.Family
	Config func() any                 // what the engine goes by
	Test   func(file io.Reader) error // says what is wrong with a configuration

	NotReady func() error // of the server; nil: there is none
	Version  string
	Reload   func(ctx context.Context) error
	Shutdown func(status int)
	Status   func() map[string]any
}

// Register makes mux run the commands of a Kea server.
func (c *Core) Register(mux *ctrl.Mux, cmds Commands) {
	r := &registered{cmds, c, fmt.Sprintf("Dhcp%d", cmds.Family)}
	ctrl.HandleService(mux, r.Family, c.Service)
	ctrl.HandleStats(mux, &c.Stats.All)
	ctrl.HandleLeaseStats(mux, r.Family, c.Store, &c.Stats.All, c.Subnets())
	ctrl.HandleVersion(mux, r.Version)
	mux.Handle("status-get", r.statusGet)
	mux.Handle("config-get", r.configGet)
	mux.Handle("config-hash-get", r.configHashGet)
	mux.Handle("config-test", r.configTest)
	if r.Reload != nil {
		mux.Handle("config-reload", r.configReload)
	}
	if r.Shutdown != nil {
		mux.Handle("shutdown", r.shutdown)
	}
}

// RegisterLeases makes mux run the commands of Kea's lease commands hook
// library on the engine's leases and subnets.
func (c *Core) RegisterLeases(mux *ctrl.Mux, family ctrl.Family) {
	ctrl.HandleLeases(mux, family, c.Store, c.background, c.Subnets())
}

// registered are the commands of an engine.
type registered struct {
	Commands
	core *Core
	key  string // of the configuration
}

func (r *registered) statusGet(context.Context, json.RawMessage) ctrl.Response {
	now := time.Now()
	sockets := map[string]any{"status": "ready"}
	if r.NotReady != nil {
		if err := r.NotReady(); err != nil {
			sockets = map[string]any{"status": "failed", "errors": []string{err.Error()}}
		}
	}
	args := map[string]any{
		"pid":                     os.Getpid(),
		"uptime":                  int64(now.Sub(r.core.started) / time.Second),
		"reload":                  int64(now.Sub(r.core.settings.Load().since) / time.Second),
		"multi-threading-enabled": true,
		"sockets":                 sockets,
		"dhcp-state":              r.core.Service.State(),
	}
	if r.Status != nil {
		maps.Copy(args, r.Status())
	}
	return ctrl.Response{Arguments: args}
}

func (r *registered) configGet(context.Context, json.RawMessage) ctrl.Response {
	cfg := r.Config()
	hash, err := configHash(cfg)
	if err != nil {
		return ctrl.Errorf("%v", err)
	}
	return ctrl.Response{Arguments: map[string]any{r.key: cfg, "hash": hash}}
}

func (r *registered) configHashGet(context.Context, json.RawMessage) ctrl.Response {
	hash, err := configHash(r.Config())
	if err != nil {
		return ctrl.Errorf("%v", err)
	}
	return ctrl.Response{Arguments: map[string]any{"hash": hash}}
}

// configHash tells configurations apart: the SHA-256 of its JSON.
func configHash(cfg any) (string, error) {
	b, err := json.Marshal(cfg)
	if err != nil {
		return "", fmt.Errorf("configuration: %w", err)
	}
	return fmt.Sprintf("%X", sha256.Sum256(b)), nil
}

// configTest checks the configuration that it is given.
func (r *registered) configTest(_ context.Context, args json.RawMessage) ctrl.Response {
	var members map[string]json.RawMessage
	switch {
	case len(args) == 0:
		return ctrl.Errorf("Missing mandatory 'arguments' parameter.")
	case json.Unmarshal(args, &members) != nil || members[r.key] == nil:
		return ctrl.Errorf("Missing mandatory '%s' parameter.", r.key)
	}
	if err := r.Test(bytes.NewReader(args)); err != nil {
		return ctrl.Errorf("%v", err)
	}
	return ctrl.Response{Text: "Configuration seems sane. Control-socket, hook-libraries, and D2 configuration were sanity checked, but not applied."}
}

func (r *registered) configReload(ctx context.Context, _ json.RawMessage) ctrl.Response {
	if err := r.Reload(ctx); err != nil {
		return ctrl.Errorf("Config reload failed: %v", err)
	}
	return ctrl.Response{Text: "Configuration successful."}
}

func (r *registered) shutdown(_ context.Context, raw json.RawMessage) ctrl.Response {
	var args struct {
		ExitValue int `json:"exit-value"`
	}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &args); err != nil {
			return ctrl.Errorf("Argument to shutdown is not a map with an integer exit-value")
		}
	}
	r.Shutdown(args.ExitValue)
	return ctrl.Response{Text: "Shutting down."}
}
