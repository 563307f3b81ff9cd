package report

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Application is what a tenant with an application was measured at: 8 fields, 2 of them expressions, a role by group, and a
// webhook. Absent where nothing of it was asked for.
type Application struct {
	Users      int         `json:"users"`
	Operations []Operation `json:"operations"` // Bare is the same server without application
	Delivery   *Delivery   `json:"delivery,omitempty"`
	Latency    *Latency    `json:"latency,omitempty"`
	Dead       *Dead       `json:"deadReceiver,omitempty"`
	Remap      *Remap      `json:"remap,omitempty"`
}

// Names of what is measured with an application.
const (
	CreateMember    = "create with mapping and outbox"
	CreateDelivered = "create while events are delivered"
	DeliverEvents   = "delivery"
	IdleLatency     = "latency"
	DeadReceiver    = "dead receiver"
	Remapping       = "re-mapping"
)

// Delivery is how fast events that wait are delivered to a local application that verifies signatures.
type Delivery struct {
	Events    int     `json:"events"` // of a round
	PerSecond float64 `json:"perSecond"`
	CPU       float64 `json:"cpuMicros"` // of the server, for one event
}

// Latency is the time from the SCIM answer to the application's receipt, of single requests.
type Latency struct {
	Events int     `json:"events"`
	P50    float64 `json:"p50Milliseconds"`
	P99    float64 `json:"p99Milliseconds"`
}

// Dead is the delivery of one tenant's events beside another tenant whose application never answers, in turn with rounds
// without that tenant.
type Dead struct {
	Waiting int      `json:"waiting"` // events for the dead application
	Without Delivery `json:"without"`
	With    Delivery `json:"with"`
}

// Slowdown is the part of the throughput that is lost.
func (d Dead) Slowdown() float64 { return 1 - d.With.PerSecond/d.Without.PerSecond }

// Remap is a new mapping that changes the member of every user, under requests.
type Remap struct {
	Users    int        `json:"users"`
	Seconds  float64    `json:"seconds"`
	Requests []Meantime `json:"requests"`
}

// Meantime is one kind of request before and during a re-mapping, in rounds that alternate with others.
type Meantime struct {
	Name   string  `json:"name"`
	Before float64 `json:"perSecondBefore"`
	During float64 `json:"perSecondDuring"`
}

// Kept is the part of the throughput that is left.
func (m Meantime) Kept() float64 { return m.During / m.Before }

// leastKept is wanted of creation with mapping and outbox to creation without.
const leastKept = 0.85

func (a *Application) checks() (checks []Check) {
	if a == nil {
		return nil
	}
	for _, op := range a.Operations {
		if op.Name == CreateMember {
			checks = append(checks, Check{Name: "ratio of " + op.Name + " to create without", Got: op.Ratio, Bound: leastKept, AtLeast: true})
		}
	}
	if d := a.Delivery; d != nil {
		checks = append(checks, Check{Name: "events delivered with signatures", Got: d.PerSecond, Bound: 3000, AtLeast: true, Unit: "/s"})
	}
	if l := a.Latency; l != nil {
		checks = append(checks, Check{Name: "p99 from the answer to the receipt, idle", Got: l.P99, Bound: 200, Unit: "ms"})
	}
	if d := a.Dead; d != nil {
		checks = append(checks, Check{Name: "slowdown by another tenant's dead receiver", Got: 100 * d.Slowdown(), Bound: 5, Unit: "%"})
	}
	return append(checks, a.Remap.checks()...)
}

func (r *Remap) checks() (checks []Check) {
	if r == nil {
		return nil
	}
	checks = append(checks, Check{
		Name: fmt.Sprintf("re-mapping of %d users", r.Users), Got: r.Seconds, Bound: 60 * max(1, float64(r.Users)/medium), Unit: "s",
	})
	for _, m := range r.Requests {
		checks = append(checks, Check{Name: "throughput of " + m.Name + " during a re-mapping", Got: m.Kept(), Bound: 0.7, AtLeast: true})
	}
	return checks
}

func (a *Application) write(w io.Writer) error {
	if a == nil {
		return nil
	}
	fmt.Fprintf(w, "\nwith an application (8 fields, 2 expressions, role by group, webhook), %s users\n", grouped(a.Users))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(a.Operations) > 0 {
		fmt.Fprintln(t, "ops/s\tp50 ms\tp99 ms\twithout ops/s\tratio\twanted\tCPU µs\twithout CPU µs\tCPU ratio\tothers\t  operation")
	}
	for _, op := range a.Operations {
		fmt.Fprintf(t, "%.0f\t%.2f\t%.2f\t%.0f\t%.3f\t%s\t%.0f\t%.0f\t%.3f\t%.0f%%\t  %s\n",
			op.PerSecond, op.P50, op.P99, op.Bare, op.Ratio, wantedWithApplication(op), op.CPU, op.BareCPU, op.CPURatio, 100*op.Others, op.Name)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if d := a.Delivery; d != nil {
		fmt.Fprintf(w, "delivery: %.0f events/s in rounds of %s, CPU %.0f µs\n", d.PerSecond, grouped(d.Events), d.CPU)
	}
	if l := a.Latency; l != nil {
		fmt.Fprintf(w, "from the answer to the receipt, idle, %s requests: p50 %.2f ms, p99 %.2f ms\n", grouped(l.Events), l.P50, l.P99)
	}
	if d := a.Dead; d != nil {
		fmt.Fprintf(w, "beside a dead receiver with %s events: %.0f events/s, CPU %.0f µs; without it %.0f events/s, CPU %.0f µs\n",
			grouped(d.Waiting), d.With.PerSecond, d.With.CPU, d.Without.PerSecond, d.Without.CPU)
	}
	a.Remap.write(w)
	return nil
}

func wantedWithApplication(op Operation) string {
	if op.Name != CreateMember {
		return ""
	}
	return fmt.Sprintf("%.2f %s", leastKept, Check{Got: op.Ratio, Bound: leastKept, AtLeast: true}.verdict())
}

func (r *Remap) write(w io.Writer) {
	if r == nil {
		return
	}
	fmt.Fprintf(w, "re-mapping of %s users: %.1f s", grouped(r.Users), r.Seconds)
	for _, m := range r.Requests {
		fmt.Fprintf(w, "; %s %.0f/s, before %.0f/s", m.Name, m.During, m.Before)
	}
	fmt.Fprintln(w)
}
