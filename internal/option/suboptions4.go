package option

// agent4 are the sub-options of the relay agent information option, 82.
var agent4 = []Def{
	{Code: 1, Name: "circuit-id", Type: Binary},
	{Code: 2, Name: "remote-id", Type: Binary},
	{Code: 4, Name: "docsis-device-class", Type: Uint32},
	{Code: 5, Name: "link-selection", Type: IPv4},
	{Code: 6, Name: "subscriber-id", Type: String},
	{Code: 7, Name: "radius", Type: Binary},
	{Code: 8, Name: "auth", Type: Binary},
	{Code: 9, Name: "vendor-specific-info", Type: Binary},
	{Code: 10, Name: "relay-flags", Type: Uint8},
	{Code: 11, Name: "server-id-override", Type: IPv4},
	{Code: 12, Name: "relay-id", Type: Binary},
	{Code: 13, Name: "access-techno-type", Type: Uint16},
	{Code: 14, Name: "access-network-name", Type: String},
	{Code: 15, Name: "access-point-name", Type: String},
	{Code: 16, Name: "access-point-bssid", Type: Binary},
	{Code: 17, Name: "operator-id", Type: Uint32},
	{Code: 18, Name: "operator-realm", Type: String},
	{Code: 19, Name: "relay-port", Type: Uint16},
	{Code: 151, Name: "virtual-subnet-select", Type: Binary},
	{Code: 152, Name: "virtual-subnet-select-ctrl", Type: Empty},
}

// cableLabs4 are the sub-options of the CableLabs client configuration option,
// 122 (RFC 3495).
var cableLabs4 = []Def{
	{Code: 1, Name: "tsp-primary-server", Type: IPv4},
	{Code: 2, Name: "tsp-secondary-server", Type: IPv4},
	{Code: 4, Name: "tsp-as-parameters", Type: Record, RecordTypes: RecordTypes{Uint32, Uint32, Uint32}},
	{Code: 5, Name: "tsp-ap-parameters", Type: Record, RecordTypes: RecordTypes{Uint32, Uint32, Uint32}},
	{Code: 6, Name: "tsp-realm", Type: FQDN},
	{Code: 7, Name: "tsp-use-tgt", Type: Boolean},
	{Code: 8, Name: "tsp-provisioning-timer", Type: Uint8},
	{Code: 9, Name: "tsp-sct", Type: Uint16},
	{Code: 10, Name: "kdc-server", Type: IPv4, Array: true},
}

// docsis4 are the options of the enterprise CableLabs, 4491.
var docsis4 = []Def{
	{Code: 1, Name: "oro", Type: Uint8, Array: true},
	{Code: 2, Name: "tftp-servers", Type: IPv4, Array: true},
}
