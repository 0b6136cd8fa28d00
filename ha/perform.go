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

// perform does what the machine asks for. Nothing here waits: what takes time
// begins, and is the machine's next event when it has ended.
func (r *relationship) perform(a action) {
	switch a := a.(type) {
	case sendHeartbeat:
		r.begin(r.heartbeat)
	case synchronize:
		ctx, stop := context.WithCancelCause(r.ctx)
		r.stopSync = stop
		r.begin(func(context.Context) event {
			defer stop(nil)
			return r.synchronize(ctx)
		})
	case sendBacklog:
		r.begin(func(ctx context.Context) event { return backlogDone{OK: r.partner.replica.drain(ctx) == nil} })
	case dropBacklog:
		r.partner.replica.drop()
	case sendReset:
		r.begin(r.reset)
	case sendMaintenanceNotify:
		r.begin(func(ctx context.Context) event { return r.notify(ctx, a) })
	case switchService:
		r.s.hold(r, !a.On)
	case stateChanged:
		if a.From != a.To && r.stopSync != nil {
			r.stopSync(errNotSyncing) // the partner is held off no longer than needed
		}
		r.changed(a)
	case reply:
		reply := r.reply
		if reply == nil {
			reply, r.later = r.later, nil
		}
		r.reply = nil
		if reply != nil {
			reply(a.Response)
		}
	case logLine:
		r.log.LogAttrs(r.ctx, a.Level, a.Message, a.Attrs...)
	}
}

// begin runs what ends with an event.
func (r *relationship) begin(f func(context.Context) event) {
	r.work.Go(func() {
		if ev := f(r.ctx); r.ctx.Err() == nil {
			r.tell(ev)
		}
	})
}

func (r *relationship) heartbeat(ctx context.Context) event {
	h, err := r.partner.ask(ctx)
	if err != nil {
		return heartbeatFailed{}
	}
	if h.Ours && awaitsLeases(r.view.Load().state, h.State) {
		if err := r.partner.follow(ctx); err != nil {
			r.log.Warn("the last leases of the partner do not come", "peer", r.partner.Name, "error", err)
			return heartbeatFailed{}
		}
	}
	report := h.report
	report.At = h.at
	return heartbeatAnswered{Report: report}
}

// awaitsLeases says whether a server that hears of its partner's state must have
// what the partner has told clients before it goes on.
func awaitsLeases(here, partner State) bool {
	switch here {
	case StateReady:
		return partner != StateReady // it no longer serves this server's clients
	case StatePartnerDown:
		return partner == StateReady // it has waited for what is here, but may have been alone, too
	case StateCommunicationRecovery:
		return partner == StateReady || partner == StateHotStandby || partner == StateLoadBalancing
	}
	return false
}

// synchronize brings the partner's leases here. Those of a partner of this
// kind come all the time: it is waited for.
func (r *relationship) synchronize(ctx context.Context) event {
	err := r.catchUp(ctx, r.partner, r.cfg.syncTimeout())
	if err == nil {
		return syncDone{OK: true}
	}
	if context.Cause(ctx) == errNotSyncing {
		r.log.Info("synchronization with the partner is given up", "peer", r.partner.Name)
		return syncDone{} // nobody waits for it
	}
	refused := (*ctrl.ResultError)(nil)
	r.log.Error("synchronization with the partner failed", "peer", r.partner.Name, "error", err)
	return syncDone{Unreachable: !errors.As(err, &refused) && !errors.Is(err, errNotStored)}
}

func (r *relationship) reset(ctx context.Context) event {
	_, err := r.partner.call(ctx, "ha-reset", map[string]any{"server-name": r.cfg.ThisServerName})
	if err != nil {
		r.log.Warn("the partner cannot be reset", "peer", r.partner.Name, "error", err)
	}
	return resetDone{OK: err == nil}
}

func (r *relationship) notify(ctx context.Context, a sendMaintenanceNotify) event {
	reply, err := r.partner.call(ctx, "ha-maintenance-notify", map[string]any{
		"cancel": a.Cancel, "server-name": r.cfg.ThisServerName, "state": a.State.String(),
	})
	if reply == nil {
		r.log.Warn("the partner does not answer the notification of maintenance", "peer", r.partner.Name, "error", err)
		return notifyDone{}
	}
	done := notifyDone{Answered: true, Result: reply.Result, Text: reply.Text}
	var args map[string]json.RawMessage
	if json.Unmarshal(reply.Arguments, &args) == nil {
		if name, ok := keatext.Unquote(args["state"]); ok {
			done.State, _ = ParseState(name)
		}
	}
	return done
}

// changed tells of a new state.
func (r *relationship) changed(a stateChanged) {
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
