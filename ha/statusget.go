package ha

import (
	"time"
)

// StatusGet returns what the answer to status-get tells of high availability:
// the member high-availability, as Kea has it.
func (s *Service) StatusGet() map[string]any {
	list := make([]any, len(s.relationships))
	for i, r := range s.relationships {
		list[i] = map[string]any{"ha-mode": r.cfg.Mode, "ha-servers": r.statusServers()}
	}
	return map[string]any{"high-availability": list}
}

func (r *relationship) statusServers() map[string]any {
	v := r.view.Load()
	local := map[string]any{
		"role":        r.cfg.this().Role,
		"scopes":      append([]string{}, v.scopes...), // not null
		"server-name": r.cfg.ThisServerName,
		"state":       v.state.String(),
		"system-time": nil,
	}
	servers := map[string]any{"local": local}
	if r.partner == nil || r.cfg.this().Role == Backup {
		return servers
	}
	now := time.Now()
	remote := map[string]any{
		"age":                       0,
		"analyzed-packets":          v.analyzed,
		"clock-skew":                nil,
		"communication-interrupted": v.interrupted(now),
		"connecting-clients":        v.clients,
		"in-touch":                  v.touched,
		"last-scopes":               append([]string{}, v.partnerScopes...),
		"last-state":                v.partner.String(),
		"role":                      r.partner.Role,
		"server-name":               r.partner.Name,
		"system-time":               nil,
		"unacked-clients":           v.unacked,
		"unacked-clients-left":      0,
	}
	if v.interrupted(now) {
		remote["unacked-clients-left"] = unackedLeft(r.cfg, v.unacked)
	}
	if v.touched {
		// As with Kea before the first answer: since this server started.
		remote["age"] = int64((now.Sub(v.interruptedAt) + r.cfg.maxResponseDelay()) / time.Second)
	}
	if said := r.partner.said.Load(); said != nil {
		local["system-time"] = said.at.UTC().Format(time.DateTime)
		remote["system-time"] = said.Time.UTC().Format(time.DateTime)
		remote["clock-skew"] = said.Time.Unix() - said.at.Unix()
	}
	servers["remote"] = remote
	return servers
}
