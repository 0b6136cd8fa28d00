package hametrics

import "github.com/dhcpha/dhcpha/ha"

// What there is once for a server, however many relationships it is in.
var (
	storeFailed = Metric{"dhcpha_store_failed", Gauge, nil,
		"1 if leases cannot be made durable here: clients are then left to the other server."}
	serviceOff = Metric{"dhcpha_service_disabled", Gauge, []string{"by"},
		"1 if the DHCP service is held off: by user (the command dhcp-disable), local (this server's high availability) or partner (another server's)."}
	listenerUp = Metric{"dhcpha_ha_listener_up", Gauge, []string{"url"},
		"1 if the commands of other servers are taken at this server's url."}
)

var serviceMetrics = []Metric{storeFailed, serviceOff, listenerUp}

func (s sink) service(st *ha.Status) {
	s.is(&storeFailed, st.StoreFailed)
	s.is(&serviceOff, st.Service.ByUser, "user")
	s.is(&serviceOff, len(st.Service.ByLocal) > 0, "local")
	s.is(&serviceOff, len(st.Service.ByPartner) > 0, "partner")
	// Several relationships may share a url.
	up := map[string]bool{}
	for _, l := range st.Listeners {
		was, there := up[l.URL]
		up[l.URL] = l.Error == "" && (was || !there)
	}
	for url, ok := range up {
		s.is(&listenerUp, ok, url)
	}
}
