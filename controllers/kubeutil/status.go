package kubeutil

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// PatchStatus writes the status of obj if it differs from that of before, the object as it was read. The patch fails with
// a conflict if somebody has written the object since: conditions are one list for JSON merge patches, and another
// writer's condition must not get lost.
func PatchStatus(ctx context.Context, c client.Client, before, obj client.Object) error {
	diff, err := client.MergeFrom(before).Data(obj)
	if err != nil {
		return fmt.Errorf("compare the status of %s: %w", client.ObjectKeyFromObject(obj), err)
	}
	if string(diff) == "{}" {
		return nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := client.IgnoreNotFound(c.Status().Patch(ctx, obj, patch)); err != nil {
		return fmt.Errorf("write the status of %s: %w", client.ObjectKeyFromObject(obj), err)
	}
	return nil
}
