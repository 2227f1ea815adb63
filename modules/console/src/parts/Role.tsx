// Says what the user's role lacks, above buttons that are off for it.
import { may, type Scope } from "../state/session";
import { t } from "../words";
import { Icon } from "./Icon";

export const Role = ({ scope }: { scope: Exclude<Scope, "read"> }) => (may(scope) ? null : <p class="callout"><Icon name="key" /><span>{t(`role.${scope}`)}</span></p>);
