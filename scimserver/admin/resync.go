package admin

import "net/http"

// resync writes an event for each member with the member as it is, for an application that has lost its state.
func (h *handler) resync(w http.ResponseWriter, r *http.Request, tenant string) error {
	v, err := h.provisioned(tenant)
	if err != nil {
		return err
	}
	n, err := v.Members.Resync(r.Context())
	if err != nil {
		return err
	}
	return newLines(w).write(Replayed{Events: n})
}

// Released is the answer to a release of the brake.
type Released struct {
	Tenant string `json:"released"`
}

// release lets off-boardings go on that the brake has stopped.
func (h *handler) release(w http.ResponseWriter, r *http.Request, tenant string) error {
	v, err := h.provisioned(tenant)
	if err != nil {
		return err
	}
	if err := v.Members.ReleaseBrake(r.Context()); err != nil {
		return err
	}
	return newLines(w).write(Released{Tenant: tenant})
}
