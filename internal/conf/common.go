package conf

import (
	"reflect"

	"github.com/dhcpha/dhcpha/ctrl"
)

// Own are the members of a configuration that both families have, and that
// each server has for itself: they are about its host, not about clients.
type Own struct {
	LeaseDatabase               *LeaseDatabase
	ControlSocket               *ctrl.SocketConfig
	ControlSockets              []ctrl.SocketConfig
	HooksLibraries              []HookLibrary
	Loggers                     []Logger
	ServerTag                   string
	ExpiredLeasesProcessing     *ExpiredLeasesProcessing
	SanityChecks                *SanityChecks
	StatisticDefaultSampleCount *uint32
	StatisticDefaultSampleAge   uint32
	DHCPDDNS                    *DHCPDDNS
	MultiThreading              *MultiThreading
	DHCPQueueControl            *DHCPQueueControl
	ParkedPacketLimit           *uint32
	ReservationsLookupFirst     *bool
}

// Params are the parameters that levels of a configuration hand down, as far
// as both families have them and their values can be wrong.
type Params struct {
	ValidLifetime, MinValidLifetime, MaxValidLifetime               *uint32
	RenewTimer, RebindTimer                                         *uint32
	CalculateTeeTimes                                               *bool
	T1Percent, T2Percent                                            *float64
	CacheThreshold                                                  *float64
	Allocator                                                       *string
	ReservationsGlobal, ReservationsInSubnet, ReservationsOutOfPool *bool
	ReservationMode                                                 *string
	HostnameCharSet                                                 *string
	DDNSReplaceClientName                                           *string
	DDNSConflictResolutionMode                                      *string
}

// Common returns the members of a family's struct that C, such as [Own] or
// [Params], has too: those of the same name.
func Common[C, F any](of *F) (c C) {
	from, to := reflect.ValueOf(of).Elem(), reflect.ValueOf(&c).Elem()
	for i := range to.NumField() {
		to.Field(i).Set(from.FieldByName(to.Type().Field(i).Name))
	}
	return c
}

// SetCommon sets these members.
func SetCommon[C, F any](of *F, c C) {
	from, to := reflect.ValueOf(c), reflect.ValueOf(of).Elem()
	for i := range from.NumField() {
		to.FieldByName(from.Type().Field(i).Name).Set(from.Field(i))
	}
}
