package config

import (
	"encoding/json"
	"fmt"
	"time"
)

// MaxReportBytes is what a pod's report may take of the status ConfigMap, which holds 1 MiB.
const MaxReportBytes = 900_000

// Report is what one server process says about itself: JSON under the pod's name in the status ConfigMap.
type Report struct {
	// ConfigHash is Server.Hash of what is served; empty before the first load.
	ConfigHash string `json:"configHash,omitempty"`
	// Error is why the latest configuration was refused; empty when it is served.
	Error string `json:"error,omitempty"`
	// Store is why the database does not do its work, which is answered with 503; nil where it does.
	Store *StoreReport `json:"store,omitempty"`
	// Tenants by key, as they are served.
	Tenants map[string]TenantReport `json:"tenants,omitempty"`
	// Paged: what is said of tenants lies beside it, in pages.
	Paged bool `json:"paged,omitempty"`
	// Layout is that of the configuration which is served; it is not part of the text.
	Layout Layout `json:"-"`
	// Purged are the UIDs of those purges in the latest configuration that are done.
	Purged    []string   `json:"purged,omitempty"`
	StartedAt time.Time  `json:"startedAt"`
	LoadedAt  *time.Time `json:"loadedAt,omitempty"` // when ConfigHash was loaded
	Version   string     `json:"version,omitempty"`  // of the program
}

// TenantReport is a tenant as it is served.
type TenantReport struct {
	// Hash is Tenant.Hash of what is served, which is an earlier one where Error is set; empty: not served.
	Hash string `json:"hash,omitempty"`
	// Error is why the tenant's latest entry could not be used.
	Error         string     `json:"error,omitempty"`
	Users         int64      `json:"users"`
	ActiveUsers   int64      `json:"activeUsers"`
	Groups        int64      `json:"groups"`
	LastRequest   *time.Time `json:"lastRequest,omitempty"`
	LastRejection *Rejection `json:"lastRejection,omitempty"`
	// Members of the application, active and inactive.
	Members int64 `json:"members,omitempty"`
	// Delivery is nil where the tenant has no application.
	Delivery *DeliveryReport `json:"delivery,omitempty"`
	// Remap is nil unless stored users are being mapped again after a change of the mapping.
	Remap *RemapReport `json:"remap,omitempty"`
	// Owner is another server that the tenant's data belong to; it is then not served here.
	Owner string `json:"owner,omitempty"`
	// Move is how far a move of the tenant is, as this server sees it.
	Move *MoveReport `json:"move,omitempty"`
	// Rejections are the kinds that came up since the process started, the latest last, at most MaxRejections.
	Rejections []Rejection `json:"rejections,omitempty"`
}

// MaxRejections of a tenant's report.
const MaxRejections = 16

// Rejection is a request that was answered with an error, or a kind of them. It holds no personal data.
type Rejection struct {
	Time   time.Time `json:"time"` // of the latest
	Reason string    `json:"reason"`
	Detail string    `json:"detail,omitempty"`
	Count  int64     `json:"count,omitempty"` // since the process started; unset in LastRejection
}

// DeliveryReport is what has not reached the application.
type DeliveryReport struct {
	Pending int64 `json:"pending"` // events that are to be delivered, parked ones apart
	Parked  int64 `json:"parked"`  // events that wait for a replay
	// OldestPending is when the oldest event that is not delivered was written, OldestOffboarding the same of those that
	// take access away.
	OldestPending     *time.Time `json:"oldestPending,omitempty"`
	OldestOffboarding *time.Time `json:"oldestOffboarding,omitempty"`
	// Error of the latest attempt, if that failed; without personal data.
	Error        string `json:"error,omitempty"`
	BrakeEngaged bool   `json:"brakeEngaged,omitempty"`
}

// RemapReport is the progress of a new mapping over the stored users.
type RemapReport struct {
	Done      int64     `json:"done"`
	Total     int64     `json:"total"`
	StartedAt time.Time `json:"startedAt"`
}

// EncodeReport writes r as JSON of at most MaxReportBytes. A report of very many tenants loses times and rejections
// first, then what is said of deliveries, and never hashes, on which most conditions hang.
func EncodeReport(r Report) ([]byte, error) {
	text, err := json.Marshal(r)
	for _, shorten := range []func(*TenantReport){withoutTimes, withoutDelivery} {
		if err == nil && len(text) > MaxReportBytes {
			r = brief(r, shorten)
			text, err = json.Marshal(r)
		}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("report: encode: %w", err)
	case len(text) > MaxReportBytes:
		return nil, fmt.Errorf("report: %d bytes for %d tenants, at most %d: spread the tenants over more servers", len(text), len(r.Tenants), MaxReportBytes)
	}
	return text, nil
}

func brief(r Report, shorten func(*TenantReport)) Report {
	short := make(map[string]TenantReport, len(r.Tenants))
	for key, t := range r.Tenants {
		shorten(&t)
		short[key] = t
	}
	r.Tenants = short
	return r
}

func withoutTimes(t *TenantReport) {
	t.LastRequest, t.LastRejection, t.Rejections, t.Remap = nil, nil, nil, nil
}

func withoutDelivery(t *TenantReport) { t.Delivery = nil }

// DecodeReport reads what EncodeReport wrote. Unlike Decode it passes over unknown fields: while servers are updated,
// reports of two releases lie side by side.
func DecodeReport(data []byte) (Report, error) {
	var r Report
	if len(data) > MaxReportBytes {
		return Report{}, fmt.Errorf("report: %d bytes, at most %d", len(data), MaxReportBytes)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return Report{}, fmt.Errorf("report: %w", err)
	}
	return r, nil
}
