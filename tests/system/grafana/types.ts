// What a dashboard's file may hold: Grafana's own types, whose enums stand in JSON as their values.
import type { Dashboard, GraphFieldConfig, Panel, RowPanel } from "@grafana/schema";
import type { Options as StatOptions } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type { Options as TimeSeriesOptions } from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

export type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;

type Named<Name extends string, Type> = Plain<Omit<Type, "type">> & { type: Name };
type Data<Name extends string, Options> = Named<Name, Omit<Panel<never, GraphFieldConfig>, "options"> & { options: Partial<Options> }>;

export type AnyPanel = Data<"timeseries", TimeSeriesOptions> | Data<"stat", StatOptions> | Named<"row", RowPanel>;
export type File = Plain<Omit<Dashboard, "panels">> & { panels: AnyPanel[] };
