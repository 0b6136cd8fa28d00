package ha

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keatext"
)

// Register makes mux run the commands of high availability: ha-heartbeat, ha-sync, ha-scopes, ha-continue, ha-reset,
// ha-maintenance-start, -cancel and -notify and ha-sync-complete-notify; and
// take the messages of servers of this kind. The switch of the service (dhcp-disable, dhcp-enable) is
// [ctrl.HandleService]'s, with Options.Switch.
//
// A peer names itself in server-name, which tells the relationship that is
// meant; without it that is the first. The commands work while Run does.
func (s *Service) Register(mux *ctrl.Mux) {
	for name, handle := range map[string]func(context.Context, *call) ctrl.Response{
		"ha-heartbeat":            s.haHeartbeat,
		"ha-sync":                 s.haSync,
		"ha-scopes":               s.haScopes,
		"ha-continue":             plain(resume{}),
		"ha-reset":                plain(reset{}),
		"ha-maintenance-start":    s.haMaintenanceStart,
		"ha-maintenance-cancel":   s.haMaintenanceCancel,
		"ha-maintenance-notify":   s.haMaintenanceNotify,
		"ha-sync-complete-notify": s.haSyncCompleteNotify,
	} {
		mux.Handle(name, func(ctx context.Context, raw json.RawMessage) ctrl.Response {
			c, err := s.parseCall(name, raw)
			if err != nil {
				return ctrl.Errorf("%v", err)
			}
			return handle(ctx, c)
		})
	}
	mux.HandleMessage(changesType, s.takeChanges)
}

// call is a command for a relationship.
type call struct {
	name   string
	raw    json.RawMessage // the arguments; nil: none
	args   map[string]json.RawMessage
	server string // the server-name; empty: none
	r      *relationship
}

// parseCall finds the relationship that a command is for. The texts of errors
// are Kea's, here and below.
func (s *Service) parseCall(name string, raw json.RawMessage) (*call, error) {
	c := &call{name: name, raw: raw, r: s.relationships[0]}
	if raw == nil || string(raw) == "null" {
		c.raw = nil
		return c, nil
	}
	if json.Unmarshal(raw, &c.args) != nil {
		return nil, fmt.Errorf("arguments in the '%s' command are not a map", name)
	}
	server, ok := c.args["server-name"]
	if !ok {
		return c, nil
	}
	if c.server, ok = keatext.Unquote(server); !ok {
		return nil, fmt.Errorf("'server-name' must be a string in the '%s' command", name)
	}
	if c.r = s.byServer[c.server]; c.r == nil {
		return nil, fmt.Errorf("%s matches no configured 'server-name'", c.server)
	}
	return c, nil
}

// need returns an argument that must be there.
func (c *call) need(name string) (json.RawMessage, error) {
	if c.raw == nil {
		return nil, fmt.Errorf("arguments not found in the '%s' command", c.name)
	}
	raw, ok := c.args[name]
	if !ok {
		return nil, fmt.Errorf("'%s' is mandatory for the '%s' command", name, c.name)
	}
	return raw, nil
}

// plain runs a command that is an event without further arguments.
func plain(ev event) func(context.Context, *call) ctrl.Response {
	return func(ctx context.Context, c *call) ctrl.Response { return c.r.command(ctx, ev) }
}

// haHeartbeat says how this server is. A partner of this kind tells its state
// when it asks: if that is news, it is asked as well.
func (s *Service) haHeartbeat(_ context.Context, c *call) ctrl.Response {
	if name, ok := keatext.Unquote(c.args["state"]); ok && c.r.partner != nil && c.server == c.r.partner.Name {
		if state, ok := ParseState(name); ok && state != c.r.view.Load().partner {
			c.r.tell(partnerChanged{})
		}
	}
	return c.r.report()
}

func (s *Service) haScopes(ctx context.Context, c *call) ctrl.Response {
	raw, err := c.need("scopes")
	if err != nil {
		return ctrl.Errorf("%v", err)
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return ctrl.Errorf("'scopes' must be a list in the 'ha-scopes' command")
	}
	var scopes []string
	for _, raw := range list {
		name, ok := keatext.Unquote(raw)
		if !ok {
			return ctrl.Errorf("scope name must be a string in the 'scopes' argument")
		}
		if c.r.cfg.peer(name) == nil {
			return ctrl.Errorf("invalid server name specified '%s' while enabling/disabling HA scopes", name)
		}
		if !slices.Contains(scopes, name) {
			scopes = append(scopes, name)
		}
	}
	return c.r.command(ctx, setScopes{Scopes: scopes})
}

func (s *Service) haMaintenanceNotify(ctx context.Context, c *call) ctrl.Response {
	raw, err := c.need("cancel")
	if err != nil {
		return ctrl.Errorf("%v", err)
	}
	ev := maintenanceNotify{Cancel: string(raw) == "true"}
	if !ev.Cancel && string(raw) != "false" {
		return ctrl.Errorf("'cancel' must be a boolean in the 'ha-maintenance-notify' command")
	}
	if name, ok := keatext.Unquote(c.args["state"]); ok {
		ev.State, _ = ParseState(name)
	}
	return c.r.command(ctx, ev)
}

// haMaintenanceStart goes through all relationships, and stops at the first
// that fails.
func (s *Service) haMaintenanceStart(ctx context.Context, _ *call) (resp ctrl.Response) {
	for _, r := range s.relationships {
		if resp = r.command(ctx, maintenanceStart{}); resp.Result != ctrl.Success {
			return resp
		}
	}
	return resp
}

// haMaintenanceCancel goes through all relationships; the last one answers.
func (s *Service) haMaintenanceCancel(ctx context.Context, _ *call) (resp ctrl.Response) {
	for _, r := range s.relationships {
		resp = r.command(ctx, maintenanceCancel{})
	}
	return resp
}

// haSyncCompleteNotify lets the service go on that the sender has held off
// while it fetched leases. A sender before Kea 2.5.5 does not say by which
// origin, and newer ones number it otherwise than they meant: then whatever
// partners hold is released.
func (s *Service) haSyncCompleteNotify(ctx context.Context, c *call) ctrl.Response {
	var origin int64
	for _, name := range []string{"origin-id", "origin"} {
		raw, ok := c.args[name]
		if !ok {
			continue
		}
		var err error
		if origin, err = strconv.ParseInt(string(raw), 10, 64); err != nil {
			return ctrl.Errorf("'%s' must be an integer in the 'ha-sync-complete-notify' command", name)
		}
		break
	}
	resp := c.r.await(ctx, func(answer func(ctrl.Response)) {
		c.r.step(syncCompleted{}) // in partner-down it holds the service off, before others let it go
		answer(ctrl.Response{Text: "Server successfully notified about the synchronization completion."})
	})
	if revision, ok := s.walks.completed(); ok {
		if m := c.r.sender(ctx, c.server); m != nil {
			m.replica.fetched(revision)
		}
	}
	s.release(c.r, ctrl.Origin(origin))
	return resp
}

// haSync fetches the leases of a peer.
func (s *Service) haSync(ctx context.Context, c *call) ctrl.Response {
	raw, err := c.need("server-name")
	if err != nil {
		return ctrl.Errorf("%v", err)
	}
	name, ok := keatext.Unquote(raw)
	if !ok {
		return ctrl.Errorf("'server-name' must be a string in the 'ha-sync' command")
	}
	var period uint64
	if raw, ok := c.args["max-period"]; ok {
		if period, err = strconv.ParseUint(string(raw), 10, 32); err != nil || period == 0 {
			return ctrl.Errorf("'max-period' must be a positive integer in the 'ha-sync' command")
		}
	}
	m := c.r.member(name)
	if m == nil {
		return ctrl.Errorf("'server-name' must not be this server's own in the 'ha-sync' command")
	}
	if _, err := m.ask(ctx); err != nil {
		return ctrl.Errorf("%v", err)
	}
	if err := c.r.catchUp(ctx, m, time.Duration(period)*time.Second); err != nil {
		return ctrl.Errorf("%v", err)
	}
	return ctrl.Response{Text: "Lease database synchronization complete."}
}
