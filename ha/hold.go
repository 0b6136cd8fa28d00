package ha

import (
	"context"
	"encoding/json"

	"github.com/dhcpha/dhcpha/ctrl"
)

// With a single relationship its service is that of the whole server. With
// several, one that must not serve, or whose partner is a Kea that fetches
// leases, does not keep the others from serving; with Kea it does.

// hold switches the DHCP service off for a relationship, or lets it go on.
// With several relationships Admit does that by the view.
func (s *Service) hold(r *relationship, on bool) {
	origin := ctrl.OriginLocal + ctrl.Origin(r.index)
	switch {
	case len(s.relationships) > 1:
	case on:
		s.opts.Switch.Disable(origin, 0)
	default:
		s.opts.Switch.Enable(origin)
	}
}

// holdEach makes the commands by which partners switch the service off and on
// be about the relationship that they come from. They tell no more than the
// sender's address; what comes from elsewhere is about the whole server.
func (s *Service) holdEach(peers *ctrl.Mux) {
	if len(s.relationships) == 1 {
		return
	}
	for _, name := range []string{"dhcp-disable", "dhcp-enable"} {
		whole := peers.Handler(name)
		if whole == nil {
			continue
		}
		each := make(map[*relationship]ctrl.HandlerFunc)
		for _, r := range s.relationships {
			mux := ctrl.NewMux()
			ctrl.HandleService(mux, s.opts.Family, &r.held)
			each[r] = mux.Handler(name)
		}
		peers.Handle(name, func(ctx context.Context, args json.RawMessage) ctrl.Response {
			for _, r := range s.relationships {
				if r.memberAt(ctrl.RemoteAddr(ctx).Addr()) != nil {
					return each[r](ctx, args)
				}
			}
			return whole(ctx, args)
		})
	}
}

// release lets the service go on that partners of a relationship hold off, by
// the given origin or, if that is 0, by any.
func (s *Service) release(r *relationship, origin ctrl.Origin) {
	for _, sw := range []*ctrl.Service{s.opts.Switch, &r.held} {
		for _, held := range sw.State().ByPartner {
			if origin == 0 || origin == held {
				sw.Enable(held)
			}
		}
	}
}

// watchSwitch tells the machine when somebody else has switched the service off
// or on.
func (r *relationship) watchSwitch() {
	own := ctrl.OriginLocal + ctrl.Origin(r.index)
	st := r.s.opts.Switch.State()
	off := st.ByUser || len(st.ByPartner) > 0 || !r.held.Enabled()
	for _, origin := range st.ByLocal {
		off = off || origin != own
	}
	if off != r.off {
		r.off = off
		r.advance(serviceSwitched{On: !off})
	}
}
