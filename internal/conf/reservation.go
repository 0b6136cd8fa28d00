package conf

// ReservationMode returns what reservation-mode, the older form of the three
// parameters reservations-global, reservations-in-subnet and
// reservations-out-of-pool, stands for; nil if it is unset.
func ReservationMode(mode *string) (global, inSubnet, outOfPool *bool) {
	if mode == nil {
		return nil, nil, nil
	}
	switch *mode {
	case "disabled", "off":
		return new(false), new(false), new(false)
	case "global":
		return new(true), new(false), new(false)
	case "out-of-pool":
		return new(false), new(true), new(true)
	case "all":
		return new(false), new(true), new(false)
	}
	return nil, nil, nil
}
