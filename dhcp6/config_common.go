package dhcp6

import "github.com/dhcpha/dhcpha/internal/conf"

// The objects of the configuration that DHCPv4 has just so. The names stand in
// both packages, with what is behind them, for whoever reads the documentation
// of only one.

// Range is a range of addresses, both ends included: First and Last. Its text
// is "2001:db8::10-2001:db8::99" or, equally, a prefix such as "2001:db8::/112".
type Range = conf.Range

// Identifier are the bytes that identify a client. The text is hexadecimal,
// with colons or spaces between bytes ("1a:1b:1c") or without ("1a1b1c",
// "0x1a1b1c"), or characters between single quotes ("'port 7'").
type Identifier = conf.Identifier

// Hex are bytes whose text is hexadecimal, as in "1a1b1c".
type Hex = conf.Hex

// Guard limits a shared network, a subnet or a pool to classes of clients, and
// names classes to be evaluated once it has been chosen.
//
//	ClientClasses             []string // a client must belong to at least one of these; empty: no limit
//	ClientClass               string   // the form of Kea up to 2.7.3, one class
//	EvaluateAdditionalClasses []string // classes that are only evaluated for clients served from here
//	RequireClientClasses      []string // the name of the same in Kea up to 2.7.3
//
// Allowed and Additional return what is given in either form.
type Guard = conf.Guard

// Relay are the addresses of relay agents: IPAddresses, or the one IPAddress
// of Kea up to 1.3. Addresses returns those given in either form.
type Relay = conf.Relay

// HookLibrary is an entry of hooks-libraries: its Library, a path, and its
// Parameters, JSON. Name is what it is known by: the file's name without
// folder and ending, such as libdhcp_lease_cmds; there need not be such a file.
// What it stands for is decided by the program that assembles the server, in
// [ParseOptions]; the engine itself does the work of libdhcp_flex_id.
type HookLibrary = conf.HookLibrary

// Logger is an entry of loggers.
//
//	Name          string         // kea-dhcp6, or a part of it such as kea-dhcp6.leases
//	Severity      string         // DEBUG, INFO (the default), WARN, ERROR, FATAL or NONE
//	DebugLevel    uint8          // 0 to 99, with DEBUG
//	OutputOptions []LoggerOutput // for the program that assembles the server; this package ignores it
type Logger = conf.Logger

// LoggerOutput is an entry of output-options: its Output (stdout, stderr,
// syslog, syslog:name, or a file's path), Flush, MaxSize (bytes), MaxVer and
// Pattern.
type LoggerOutput = conf.LoggerOutput

// LeaseDatabase is lease-database.
//
//	Type         string  // memfile, the only one there is
//	Name         string  // the path of the lease file
//	MaxRowErrors *uint32 // bad rows that are passed over when leases are taken over; 0: any number
//	Persist      *bool   // may not be false
//	LFCInterval  *uint32 // without effect
//
// The leases are not kept in a file of that form, but a file that names it can
// be used unchanged.
type LeaseDatabase = conf.LeaseDatabase

// ExpiredLeasesProcessing is expired-leases-processing: how leases that have
// ended are cleaned up. The defaults are in parentheses.
//
//	ReclaimTimerWaitTime        *uint32 // seconds between two rounds (10); 0: no reclamation
//	FlushReclaimedTimerWaitTime *uint32 // seconds between two removals of reclaimed leases (25)
//	HoldReclaimedTime           *uint32 // seconds that a reclaimed lease is kept for its client (3600)
//	MaxReclaimLeases            *uint32 // leases in one round (100); 0: no limit
//	MaxReclaimTime              *uint32 // milliseconds for one round (250); 0: no limit
//	UnwarnedReclaimCycles       *uint32 // rounds that fall short before a warning (5)
type ExpiredLeasesProcessing = conf.ExpiredLeasesProcessing

// SanityChecks is sanity-checks: LeaseChecks (none or warn; not fix, fix-del or
// del) and ExtendedInfoChecks (none, fix, strict or pedantic). Leases are taken
// as they are, so neither has an effect.
type SanityChecks = conf.SanityChecks

// DHCPDDNS is dhcp-ddns. DNS is not updated, so EnableUpdates may not be true.
type DHCPDDNS = conf.DHCPDDNS

// MultiThreading is multi-threading. Queries are always served concurrently.
type MultiThreading = conf.MultiThreading

// DHCPQueueControl is dhcp-queue-control. The server bounds the queries in
// flight itself, so EnableQueue may not be true.
type DHCPQueueControl = conf.DHCPQueueControl
