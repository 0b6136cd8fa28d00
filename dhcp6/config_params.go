package dhcp6

import "github.com/dhcpha/dhcpha/internal/conf"

// Params are the parameters that the levels of a configuration hand down:
// what is nil on one level is taken from the level above it. The order, from
// the strongest, is client class, pool, subnet, shared network, global, default.
//
// Every one may be given globally, for a shared network and for a subnet. The
// other levels accept those that Kea accepts there: client classes the
// lifetimes, pools the handling of names.
//
// It looks like the Params of dhcp4 and stays apart: what a family does not
// have, a program cannot set. What is done with them is done once, for both.
type Params struct {
	// The lifetime of leases in seconds: what a client is given that asks for
	// none, and the bounds for one that asks.
	ValidLifetime    *uint32 `json:"valid-lifetime,omitempty" at:"class"`
	MinValidLifetime *uint32 `json:"min-valid-lifetime,omitempty" at:"class"`
	MaxValidLifetime *uint32 `json:"max-valid-lifetime,omitempty" at:"class"`
	// The preferred lifetime likewise. Where it is unset it is 5/8 of the
	// valid one, as in Kea 3.0; in Kea 2.2 it is 3600 seconds then.
	PreferredLifetime    *uint32 `json:"preferred-lifetime,omitempty" at:"class"`
	MinPreferredLifetime *uint32 `json:"min-preferred-lifetime,omitempty" at:"class"`
	MaxPreferredLifetime *uint32 `json:"max-preferred-lifetime,omitempty" at:"class"`

	// T1, when clients renew, and T2, when they ask any server (Rebind), in
	// seconds.
	RenewTimer  *uint32 `json:"renew-timer,omitempty"`
	RebindTimer *uint32 `json:"rebind-timer,omitempty"`
	// CalculateTeeTimes, unless set to false, makes T1 and T2 the shares
	// T1Percent and T2Percent (0 to 1) of the preferred lifetime where
	// RenewTimer and RebindTimer are unset; otherwise they are 0 then, which
	// leaves them to the client.
	CalculateTeeTimes *bool    `json:"calculate-tee-times,omitempty"`
	T1Percent         *float64 `json:"t1-percent,omitempty"`
	T2Percent         *float64 `json:"t2-percent,omitempty"`

	// A lease that is renewed within CacheThreshold (a share, 0 to 1) of its
	// lifetime, or within CacheMaxAge seconds, is not written again. Where
	// neither is configured every renewal is written, unlike in Kea 3.0.
	CacheThreshold *float64 `json:"cache-threshold,omitempty"`
	CacheMaxAge    *uint32  `json:"cache-max-age,omitempty"`

	// Allocator is how free addresses are chosen: iterative, random or flq.
	Allocator *string `json:"allocator,omitempty"`
	// PDAllocator is the same for prefixes.
	PDAllocator *string `json:"pd-allocator,omitempty"`
	// RapidCommit answers a Solicit that carries the Rapid Commit option with
	// a Reply (RFC 9915, section 18.3.1). False by default. It cannot be given
	// globally, and is the same in all subnets of a shared network.
	RapidCommit *bool `json:"rapid-commit,omitempty"`
	// StoreExtendedInfo keeps the relay agent's information in the lease's
	// user context.
	StoreExtendedInfo *bool `json:"store-extended-info,omitempty"`

	// Which reservations are searched: global ones, those of the subnet, and
	// whether those of the subnet are known to be outside the pools.
	ReservationsGlobal    *bool `json:"reservations-global,omitempty"`
	ReservationsInSubnet  *bool `json:"reservations-in-subnet,omitempty"`
	ReservationsOutOfPool *bool `json:"reservations-out-of-pool,omitempty"`
	// ReservationMode is the older form of these three: disabled, off,
	// out-of-pool, global or all.
	ReservationMode *string `json:"reservation-mode,omitempty"`

	// Names of clients, in replies and leases. DDNSReplaceClientName is never,
	// always, when-present or when-not-present; a generated name is the prefix,
	// the address with hyphens, and the suffix.
	HostnameCharSet         *string `json:"hostname-char-set,omitempty" at:"pool"`
	HostnameCharReplacement *string `json:"hostname-char-replacement,omitempty" at:"pool"`
	DDNSReplaceClientName   *string `json:"ddns-replace-client-name,omitempty" at:"pool"`
	DDNSGeneratedPrefix     *string `json:"ddns-generated-prefix,omitempty" at:"pool"`
	DDNSQualifyingSuffix    *string `json:"ddns-qualifying-suffix,omitempty" at:"pool"`

	// How DNS would be updated. Without effect: updates are not made, and
	// clients that ask are told so.
	DDNSOverrideNoUpdate       *bool    `json:"ddns-override-no-update,omitempty" at:"pool"`
	DDNSOverrideClientUpdate   *bool    `json:"ddns-override-client-update,omitempty" at:"pool"`
	DDNSSendUpdates            *bool    `json:"ddns-send-updates,omitempty" at:"pool"`
	DDNSUpdateOnRenew          *bool    `json:"ddns-update-on-renew,omitempty" at:"pool"`
	DDNSUseConflictResolution  *bool    `json:"ddns-use-conflict-resolution,omitempty"`
	DDNSConflictResolutionMode *string  `json:"ddns-conflict-resolution-mode,omitempty" at:"pool"`
	DDNSTTLPercent             *float64 `json:"ddns-ttl-percent,omitempty" at:"pool"`
	DDNSTTL                    *uint32  `json:"ddns-ttl,omitempty" at:"pool"`
	DDNSTTLMin                 *uint32  `json:"ddns-ttl-min,omitempty" at:"pool"`
	DDNSTTLMax                 *uint32  `json:"ddns-ttl-max,omitempty" at:"pool"`
}

// inherit returns p with what it leaves unset taken from the level above it.
func (p Params) inherit(above Params) Params { return conf.Inherit(p, above) }

// reservationMode replaces the older form of the three reservations-
// parameters.
func reservationMode(p Params) Params {
	var mode Params
	mode.ReservationsGlobal, mode.ReservationsInSubnet, mode.ReservationsOutOfPool = conf.ReservationMode(p.ReservationMode)
	return mode.inherit(p)
}
