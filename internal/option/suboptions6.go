package option

// mapE6 are the options of a MAP-E container (RFC 7598).
var mapE6 = []Def{
	{Code: 89, Name: "s46-rule", Type: Record, RecordTypes: RecordTypes{Uint8, Uint8, Uint8, IPv4, Prefix}, Encapsulate: "s46-rule-options"},
	{Code: 90, Name: "s46-br", Type: IPv6},
}

// mapT6 are the options of a MAP-T container (RFC 7598).
var mapT6 = []Def{
	{Code: 89, Name: "s46-rule", Type: Record, RecordTypes: RecordTypes{Uint8, Uint8, Uint8, IPv4, Prefix}, Encapsulate: "s46-rule-options"},
	{Code: 91, Name: "s46-dmr", Type: Prefix},
}

// lw6 are the options of a lightweight 4over6 container (RFC 7598).
var lw6 = []Def{
	{Code: 90, Name: "s46-br", Type: IPv6},
	{Code: 92, Name: "s46-v4v6bind", Type: Record, RecordTypes: RecordTypes{IPv4, Prefix}, Encapsulate: "s46-v4v6bind-options"},
}

// portParams6 are the options of a softwire rule or binding (RFC 7598).
var portParams6 = []Def{
	{Code: 93, Name: "s46-portparams", Type: Record, RecordTypes: RecordTypes{Uint8, PSID}},
}

// ntp6 are the sub-options of the NTP server option (RFC 5908).
var ntp6 = []Def{
	{Code: 1, Name: "ntp-server-address", Type: IPv6},
	{Code: 2, Name: "ntp-server-multicast", Type: IPv6},
	{Code: 3, Name: "ntp-server-fqdn", Type: FQDN},
}

// docsis6 are the options of the enterprise CableLabs, 4491.
var docsis6 = []Def{
	{Code: 1, Name: "oro", Type: Uint16, Array: true},
	{Code: 2, Name: "device-type", Type: String},
	{Code: 10, Name: "vendor-type", Type: String},
	{Code: 32, Name: "tftp-servers", Type: IPv6, Array: true},
	{Code: 33, Name: "config-file", Type: String},
	{Code: 34, Name: "syslog-servers", Type: IPv6, Array: true},
	{Code: 36, Name: "device-id", Type: Binary},
	{Code: 37, Name: "time-servers", Type: IPv6, Array: true},
	{Code: 38, Name: "time-offset", Type: Int32},
	{Code: 1026, Name: "cmts-cm-mac", Type: Binary},
}

// isc6 are the options of the enterprise ISC, 2495: DHCPv4 over DHCPv6 between
// Kea's servers.
var isc6 = []Def{
	{Code: 60000, Name: "4o6-interface", Type: String},
	{Code: 60001, Name: "4o6-source-address", Type: IPv6},
	{Code: 60002, Name: "4o6-source-port", Type: Uint16},
}
