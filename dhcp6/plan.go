package dhcp6

// plan is a configuration made ready for queries. It is never changed once it
// is used.
type plan struct {
	cfg *Config
}

// newPlan compiles a configuration.
func newPlan(cfg *Config) (*plan, error) { return &plan{cfg: cfg}, nil }
