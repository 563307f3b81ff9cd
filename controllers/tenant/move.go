package tenant

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/controllers/compile"
	"github.com/scim-operator/scim-operator/controllers/rollout"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// forwardQuiet is how long no request has been passed on when a server forgets a tenant that has left it.
const forwardQuiet = 24 * time.Hour

// Phases of a move beside those that servers report.
const (
	phasePreparing  = "Preparing"
	phaseCancelling = "Cancelling"
)

// party is a server that has to do with a move, as its pods report it.
type party struct {
	server  *v1alpha1.SCIMServer // nil: there is none
	entry   bool                 // its configuration has the tenant
	rollout *rollout.Rollout
	report  config.TenantReport
	reports bool // a pod knows the tenant
}

// move takes the tenant's data to the server that it names, step by step. What has been reached is kept in annotations, so that
// each step may be taken again: prepared by the source, fetched by the target, passed on by the source.
func (r *Reconciler) move(ctx context.Context, p *pass) error {
	t := p.tenant
	way, moving := compile.WayOf(t)
	switch {
	case moving:
		return r.moveOn(ctx, p, way)
	case p.source != nil:
		return r.moveBegin(ctx, p)
	}
	return r.forwarded(ctx, p)
}

// moveBegin notes the move, if the tenant is accepted by the server that it names.
func (r *Reconciler) moveBegin(ctx context.Context, p *pass) error {
	if !p.finding.OK() {
		return nil
	}
	id := make([]byte, 8)
	if _, err := io.ReadFull(r.Rand, id); err != nil {
		return fmt.Errorf("make the id of a move: %w", err)
	}
	err := r.patch(ctx, p, func() {
		delete(p.tenant.Annotations, v1alpha1.AnnotationForwardedFrom)
		metav1.SetMetaDataAnnotation(&p.tenant.ObjectMeta, v1alpha1.AnnotationMove, hex.EncodeToString(id)+" "+compile.ServerKey(p.tenant))
	})
	p.moving(p.facts.BoundTo, compile.ServerKey(p.tenant), phasePreparing, config.MoveReport{})
	return err
}

// moveOn takes the next step of a move that is under way.
func (r *Reconciler) moveOn(ctx context.Context, p *pass, way compile.Way) error {
	t := p.tenant
	bound := t.Annotations[v1alpha1.AnnotationBoundServer]
	from, err := r.party(ctx, t, bound)
	if err != nil {
		return err
	}
	to, err := r.party(ctx, t, way.To)
	if err != nil {
		return err
	}
	target, source := to.moveOf(way.ID), from.moveOf(way.ID)
	wanted := compile.ServerKey(t) == way.To && (p.finding.OK() || way.Fetch) || way.Fetch && source.Phase == config.MoveForwarding
	switch {
	case from.server == nil, bound == way.To: // nothing can be fetched any more
		p.trip = nil
		return r.patch(ctx, p, func() { endMove(t) })
	case way.Fetch && target.Phase == config.MoveDone:
		return r.moved(ctx, p, way, bound, target)
	case !wanted:
		return r.moveBack(ctx, p, way, from, to)
	case way.Fetch:
		p.fetching(bound, way, to, target, source)
	case from.prepared(t, way.ID):
		p.moving(bound, way.To, phasePreparing, config.MoveReport{})
		return r.patch(ctx, p, func() { t.Annotations[v1alpha1.AnnotationMoveFetch] = way.ID })
	default:
		p.moving(bound, way.To, phasePreparing, config.MoveReport{Error: from.trouble(bound)})
	}
	return nil
}

// fetching says how far the target has come.
func (p *pass) fetching(bound string, way compile.Way, to *party, target, source config.MoveReport) {
	switch {
	case target.Phase == "":
		p.moving(bound, way.To, phasePreparing, config.MoveReport{Error: to.trouble(way.To)})
		return
	case source.Phase == config.MoveSwitching && target.Phase == config.MoveCopying:
		target.Phase = config.MoveSwitching
	}
	p.moving(bound, way.To, target.Phase, target)
}

// moveBack calls a move off. When the target has it already, it is too late: the move ends, and another one leads back.
func (r *Reconciler) moveBack(ctx context.Context, p *pass, way compile.Way, from, to *party) error {
	t := p.tenant
	p.moving(t.Annotations[v1alpha1.AnnotationBoundServer], way.To, phaseCancelling, config.MoveReport{})
	switch {
	case way.Fetch:
		return r.patch(ctx, p, func() { delete(t.Annotations, v1alpha1.AnnotationMoveFetch) })
	case to.server != nil && (to.entry || to.reports):
		return nil // until no pod of it fetches any more
	case from.moveOf(way.ID).Phase == config.MoveForwarding:
		return r.patch(ctx, p, func() { t.Annotations[v1alpha1.AnnotationMoveFetch] = way.ID })
	case from.moveOf(way.ID).Phase == config.MoveSwitching:
		return nil // until the seal breaks
	}
	return r.patch(ctx, p, func() { endMove(t) })
}

func endMove(t *v1alpha1.SCIMTenant) {
	delete(t.Annotations, v1alpha1.AnnotationMove)
	delete(t.Annotations, v1alpha1.AnnotationMoveFetch)
}

// moved binds the tenant to the server that has its data now; the earlier one passes requests on.
func (r *Reconciler) moved(ctx context.Context, p *pass, way compile.Way, bound string, report config.MoveReport) error {
	t := p.tenant
	err := r.patch(ctx, p, func() {
		endMove(t)
		t.Annotations[v1alpha1.AnnotationBoundServer] = way.To
		t.Annotations[v1alpha1.AnnotationForwardedFrom] = strings.Join([]string{bound, way.ID, p.now.UTC().Format(time.RFC3339)}, " ")
	})
	if err != nil {
		return err
	}
	p.facts.BoundTo, p.source = way.To, nil
	r.Events.Eventf(t, nil, "Normal", "Moved", "MoveTenant", "The tenant's data moved from SCIMServer %s to %s; writes were refused for %s",
		bound, way.To, time.Duration(report.PausedMillis)*time.Millisecond)
	p.moving(bound, way.To, config.MoveForwarding, config.MoveReport{})
	return nil
}

// forwarded ends the passing on when nobody needs it any more, and the tenant's own server with it.
func (r *Reconciler) forwarded(ctx context.Context, p *pass) error {
	t := p.tenant
	f, ok := compile.ForwardOf(t)
	if !ok {
		return nil
	}
	from, err := r.party(ctx, t, f.From)
	if err != nil {
		return err
	}
	_, finish := t.Annotations[v1alpha1.AnnotationFinishMove]
	since, _ := time.Parse(time.RFC3339, f.Since)
	if last := from.moveOf(f.ID).LastForwarded; last != nil && last.After(since) {
		since = *last
	}
	if end := since.Add(forwardQuiet); !finish && from.server != nil && p.now.Before(end) {
		p.moving(f.From, t.Annotations[v1alpha1.AnnotationBoundServer], config.MoveForwarding, config.MoveReport{})
		p.wakeAt(end)
		return nil
	}
	if from.server != nil && metav1.IsControlledBy(from.server, t) {
		uid := from.server.UID
		err := r.Client.Delete(ctx, from.server, client.Preconditions{UID: &uid})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete SCIMServer %s: %w", f.From, err)
		}
	}
	return r.patch(ctx, p, func() {
		delete(t.Annotations, v1alpha1.AnnotationForwardedFrom)
		delete(t.Annotations, v1alpha1.AnnotationFinishMove)
	})
}

// moving notes a move for the status.
func (p *pass) moving(from, to, phase string, report config.MoveReport) {
	p.trip = &v1alpha1.MoveStatus{
		From: from, To: to, Phase: phase, Done: report.Done, Total: report.Total, Message: cut(report.Error, 1024),
	}
}

// underWay is the move that keeps the tenant on its earlier server, nil if there is none.
func (p *pass) underWay() *v1alpha1.MoveStatus {
	if p.trip != nil && p.trip.Phase != config.MoveForwarding {
		return p.trip
	}
	return nil
}

// progressOf tells how far a move is.
func progressOf(m *v1alpha1.MoveStatus) string {
	text := fmt.Sprintf("The data are moving from SCIMServer %s, which serves them until then, to %s: %s", m.From, m.To, m.Phase)
	if m.Total > 0 {
		text += fmt.Sprintf(", %d of %d rows", m.Done, m.Total)
	}
	if m.Message != "" {
		text += ": " + m.Message
	}
	return text + "; to call the move off, set spec.serverRef back"
}

// party reads what a server has of the tenant.
func (r *Reconciler) party(ctx context.Context, t *v1alpha1.SCIMTenant, key string) (*party, error) {
	namespace, name, _ := strings.Cut(key, "/")
	x := &party{rollout: &rollout.Rollout{}}
	var err error
	if x.server, err = r.server(ctx, namespace, name); err != nil || x.server == nil {
		return x, err
	}
	c, err := r.served(ctx, namespace, name, compile.Key(t))
	if err != nil {
		return nil, err
	}
	shard := 0
	if c != nil {
		shard = c.number
		_, x.entry = c.entry(compile.Key(t))
	}
	if x.rollout, err = r.rolloutOf(ctx, x.server, shard); err != nil {
		return nil, err
	}
	x.report, x.reports = x.rollout.Tenant(compile.Key(t))
	return x, nil
}

// moveOf is what its pods report of a move: of several the one that is farthest.
func (x *party) moveOf(id string) (m config.MoveReport) {
	for _, one := range x.rollout.Moves(id) {
		if m.Phase == "" || rank(one.Phase) > rank(m.Phase) {
			m.Phase, m.Error, m.Done, m.Total, m.PausedMillis = one.Phase, one.Error, one.Done, one.Total, max(one.PausedMillis, m.PausedMillis)
		}
		if one.LastForwarded != nil && (m.LastForwarded == nil || one.LastForwarded.After(*m.LastForwarded)) {
			m.LastForwarded = one.LastForwarded
		}
	}
	return m
}

func rank(phase string) int {
	switch phase {
	case config.MoveDone, config.MoveForwarding:
		return 3
	case config.MoveSwitching:
		return 2
	case config.MoveCopying:
		return 1
	}
	return 0
}

// prepared tells whether every pod that reports knows the move.
func (x *party) prepared(t *v1alpha1.SCIMTenant, id string) bool {
	return x.rollout.Knows(compile.Key(t), id)
}

// trouble is why a server does not do its part, as far as it is known.
func (x *party) trouble(key string) string {
	switch {
	case x.server == nil:
		return fmt.Sprintf("there is no SCIMServer %s", key)
	case x.server.Status.ReadyReplicas == 0:
		return fmt.Sprintf("SCIMServer %s has no ready pod", key)
	case !x.entry:
		return fmt.Sprintf("SCIMServer %s has no configuration for the tenant yet", key)
	}
	return x.report.Error
}
