package ha

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keatext"
)

// errNotSyncing ends a synchronization that is under way when the state has
// become another.
var errNotSyncing = errors.New("this server no longer synchronizes")

// perform does what the Machine asks for. Nothing here waits: what takes time
// begins, and is the Machine's next event when it has ended.
func (r *relationship) perform(a Action) {
	switch a := a.(type) {
	case SendHeartbeat:
		r.begin(r.heartbeat)
	case Synchronize:
		ctx, stop := context.WithCancelCause(r.ctx)
		r.stopSync = stop
		r.begin(func(context.Context) Event {
			defer stop(nil)
			return r.synchronize(ctx)
		})
	case SendBacklog:
		r.begin(func(ctx context.Context) Event { return BacklogDone{OK: r.partner.replica.drain(ctx) == nil} })
	case DropBacklog:
		r.partner.replica.drop()
	case SendReset:
		r.begin(r.reset)
	case SendMaintenanceNotify:
		r.begin(func(ctx context.Context) Event { return r.notify(ctx, a) })
	case SwitchService:
		r.s.hold(r, !a.On)
	case StateChanged:
		if a.From == StateSyncing && a.To != StateSyncing && r.stopSync != nil {
			r.stopSync(errNotSyncing) // the partner is held off no longer than needed
		}
		r.changed(a)
	case Reply:
		reply := r.reply
		if reply == nil {
			reply, r.later = r.later, nil
		}
		r.reply = nil
		if reply != nil {
			reply(a.Response)
		}
	case Log:
		r.log.LogAttrs(r.ctx, a.Level, a.Message, a.Attrs...)
	}
}

// begin runs what ends with an event.
func (r *relationship) begin(f func(context.Context) Event) {
	r.work.Go(func() {
		if ev := f(r.ctx); r.ctx.Err() == nil {
			r.tell(ev)
		}
	})
}

func (r *relationship) heartbeat(ctx context.Context) Event {
	h, err := r.partner.ask(ctx)
	if err != nil {
		return HeartbeatFailed{}
	}
	// This server goes on when its partner no longer serves its clients, and
	// must know by then what the partner has told them.
	if r.view.Load().state == StateReady && h.Ours && h.State != StateReady {
		if err := r.partner.follow(ctx); err != nil {
			r.log.Warn("the last leases of the partner do not come", "peer", r.partner.Name, "error", err)
			return HeartbeatFailed{}
		}
	}
	report := h.Report
	report.At = h.at
	return HeartbeatAnswered{Report: report}
}

// synchronize brings the partner's leases here. Those of a partner of this
// kind come all the time: it is waited for.
func (r *relationship) synchronize(ctx context.Context) Event {
	err := r.catchUp(ctx, r.partner, r.cfg.syncTimeout())
	if err == nil {
		return SyncDone{OK: true}
	}
	if context.Cause(ctx) == errNotSyncing {
		r.log.Info("synchronization with the partner is given up", "peer", r.partner.Name)
		return SyncDone{} // nobody waits for it
	}
	refused := (*ctrl.ResultError)(nil)
	r.log.Error("synchronization with the partner failed", "peer", r.partner.Name, "error", err)
	return SyncDone{Unreachable: !errors.As(err, &refused) && !errors.Is(err, errNotStored)}
}

func (r *relationship) reset(ctx context.Context) Event {
	_, err := r.partner.call(ctx, "ha-reset", map[string]any{"server-name": r.cfg.ThisServerName})
	if err != nil {
		r.log.Warn("the partner cannot be reset", "peer", r.partner.Name, "error", err)
	}
	return ResetDone{OK: err == nil}
}

func (r *relationship) notify(ctx context.Context, a SendMaintenanceNotify) Event {
	reply, err := r.partner.call(ctx, "ha-maintenance-notify", map[string]any{
		"cancel": a.Cancel, "server-name": r.cfg.ThisServerName, "state": a.State.String(),
	})
	if reply == nil {
		r.log.Warn("the partner does not answer the notification of maintenance", "peer", r.partner.Name, "error", err)
		return NotifyDone{}
	}
	done := NotifyDone{Answered: true, Result: reply.Result, Text: reply.Text}
	var args map[string]json.RawMessage
	if json.Unmarshal(reply.Arguments, &args) == nil {
		if name, ok := keatext.Unquote(args["state"]); ok {
			done.State, _ = ParseState(name)
		}
	}
	return done
}

// changed tells of a new state.
func (r *relationship) changed(a StateChanged) {
	v := r.view.Load()
	change := StateChange{
		Time: r.now(), Server: r.cfg.ThisServerName, From: a.From, To: a.To,
		PartnerState: a.Partner, Scopes: v.scopes,
	}
	if r.partner != nil {
		change.Partner = r.partner.Name
	}
	r.log.Info("state changed", "from", a.From, "to", a.To, "peer", change.Partner,
		"peer-state", a.Partner, "serves", v.scopes)
	if r.s.opts.OnState != nil {
		r.s.opts.OnState(change)
	}
}
